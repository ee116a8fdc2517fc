"""Loading, unloading, finding the hub and leaving nothing behind."""

from __future__ import annotations

import asyncio
import json
import os
import re
import subprocess
import sys
import threading

import httpx
import ipykernel
import psutil
import pytest

from pfnb.http.server import LocalServer

PRIVATE = {name: value for name, value in os.environ.items() if not name.startswith("PFNB_")}


@pytest.fixture
def server():
    """A hub in this process, on a loop of its own."""
    loop = asyncio.new_event_loop()
    thread = threading.Thread(target=loop.run_forever)
    thread.start()

    def run(coroutine):
        return asyncio.run_coroutine_threadsafe(coroutine, loop).result(10)

    server = LocalServer()
    run(server.start())
    server.run = run
    yield server
    run(server.stop())
    loop.call_soon_threadsafe(loop.stop)
    thread.join()
    loop.close()


def python(code: str, **env: str) -> subprocess.CompletedProcess[str]:
    """Run code in a fresh interpreter without a kernel."""
    return subprocess.run(
        [sys.executable, "-W", "error", "-c", code],
        env={**PRIVATE, **env},
        capture_output=True,
        text=True,
        timeout=30,
        check=False,
    )


def in_ipython(code: str, **env: str) -> subprocess.CompletedProcess[str]:
    """The same, in plain IPython."""
    start = "from IPython.testing.globalipapp import start_ipython\nip = start_ipython()\n"
    return python(start + code, **env)


def threads_and_ports(kernel):
    pid = kernel.manager.provisioner.pid
    threads = set(
        kernel.ok("import threading; print([t.name for t in threading.enumerate()])").stdout[2:-3].split("', '")
    )
    ports = {one.laddr.port for one in psutil.Process(pid).net_connections("tcp") if one.status == psutil.CONN_LISTEN}
    return threads, ports


def test_loading_says_in_one_line_which_hub_it_is(start_kernel):
    line, *further = start_kernel().ok("%load_ext pfnb").stdout.splitlines(keepends=True)
    assert line == (
        "pfnb uses a hub in this kernel (in memory: events end with the kernel; reachable from this machine only)\n"
    )
    # Before ipykernel 7, a second line says what does not work as it should.
    assert [one.split(" shows ")[0] for one in further] == (
        [f"pfnb: ipykernel {ipykernel.__version__}"] if ipykernel.version_info < (7,) else []
    )


def test_a_hub_with_a_data_directory_keeps_events(start_kernel, tmp_path):
    folder = str(tmp_path / "events")
    first = start_kernel(PFNB_DATA_DIR=folder)
    assert "events survive the kernel" in first.ok("%load_ext pfnb").stdout
    first.ok("%webhook put eventKey=kept")
    first.ok("%webhook receive eventKey=kept body=hello")
    first.manager.shutdown_kernel()
    second = start_kernel(PFNB_DATA_DIR=folder)
    second.ok("%load_ext pfnb")
    assert "1 event" in second.ok("%webhook logs eventKey=kept").value


def test_a_kernel_takes_the_hub_that_the_environment_names(start_kernel, server):
    kernel = start_kernel(PFNB_URL=server.url, PFNB_TOKEN=server.token)
    assert f"pfnb uses the hub {server.url} (" in kernel.ok("%load_ext pfnb").stdout
    kernel.ok("%webhook put eventKey=elsewhere")
    assert [webhook.event_key for webhook in server.hub.webhooks.list(server.owner)] == ["elsewhere"]


def test_an_inherited_address_of_another_kernel_does_not_count(start_kernel, server):
    inherited = json.dumps({"url": server.url, "kernel_id": "another", "token": server.token})
    assert "a hub in this kernel" in start_kernel(PFNB_HUB=inherited).ok("%load_ext pfnb").stdout


def test_a_hub_that_is_not_there_fails_the_cell_shortly(start_kernel, unused_tcp_port):
    url = f"http://127.0.0.1:{unused_tcp_port}/pfnb"
    kernel = start_kernel(PFNB_URL=url, PFNB_TOKEN="t")
    cell = kernel.run("%load_ext pfnb")
    assert cell.error.startswith(f"HubUnreachableError: nothing answers at {url}")
    assert "\n" not in cell.error
    assert "pfnb-io" not in threads_and_ports(kernel)[0]


def test_a_hub_that_goes_away_fails_the_cell_and_says_what_to_do(start_kernel, server, new_wire):
    wire = new_wire(server.url)
    server.run(wire.mend())
    kernel = start_kernel(PFNB_URL=wire.url, PFNB_TOKEN=server.token)
    kernel.ok("%load_ext pfnb")
    kernel.ok("get_ipython().meta['pfnb'].session._calls._grace = 0.2")
    server.run(wire.cut())
    cell = kernel.run("%webhook get")
    assert cell.error.startswith(f"HubUnreachableError: the hub at {wire.url} is gone")
    assert "run this again" in cell.error
    assert "\n" not in cell.error
    server.run(wire.mend())
    kernel.ok("get_ipython().meta['pfnb'].session._calls._grace = 30")
    kernel.ok("%webhook get")
    server.run(wire.cut())


def test_unloading_leaves_no_thread_port_or_magic_behind(start_kernel):
    kernel = start_kernel()
    before = threads_and_ports(kernel)
    kernel.ok("%load_ext pfnb\nimport pfnb")
    kernel.ok("@pfnb.command('noop')\ndef noop():\n    pass")
    kernel.ok("%%pipeline lead\npipeline:\n- event.listen: {key: lead}\n- noop:\n")
    kernel.ok("%event send key=lead\nevent = %event wait key=lead timeout=10")
    assert threads_and_ports(kernel)[1] - before[1]
    for _ in range(2):
        kernel.ok("%reload_ext pfnb")
    kernel.ok("%unload_ext pfnb")
    assert threads_and_ports(kernel) == before
    assert "not found" in kernel.run("%webhook get").stderr
    assert "%load_ext pfnb" in kernel.run("pfnb.webhook('a.b')").error


def test_reloading_gives_a_working_notebook_and_says_what_is_lost(kernel):
    assert kernel.ok("%reload_ext pfnb").stdout.count("\n") == 1
    kernel.ok("%webhook put eventKey=reloaded")
    kernel.ok("%event send key=reloaded\n%event send key=reloaded")
    cell = kernel.submit("%%pipeline lead\npipeline:\n- event.listen: {key: reloaded}\n")
    kernel.result(cell)
    said = kernel.ok("%reload_ext pfnb").stdout
    lost = "pfnb: the hub in memory has ended, with 1 pipeline, 1 webhook, 2 events: run their cells again\n"
    assert said.startswith(lost)
    assert "pfnb uses a hub in this kernel" in said
    kernel.until(cell, lambda output: output.updates[-1:] and "no longer" in output.updates[-1]["text/plain"])
    kernel.ok("%webhook put eventKey=reloaded")


def test_reloading_keeps_the_pipelines_this_kernels_own(start_kernel, server):
    kernel = start_kernel(PFNB_URL=server.url, PFNB_TOKEN=server.token)
    text = "%%pipeline lead\npipeline:\n- event.listen: {key: lead}\n"
    kernel.ok("%load_ext pfnb")
    kernel.ok(text)
    assert (
        "nothing listens in this kernel now; to listen again, run the cells of lead\n"
        in kernel.ok("%reload_ext pfnb").stdout
    )
    kernel.ok(text)


def test_a_notebooks_name_lets_another_kernel_of_it_take_its_pipelines(start_kernel, server):
    env = {"PFNB_URL": server.url, "PFNB_TOKEN": server.token, "PFNB_NOTEBOOK": "leads.ipynb"}
    text = "%%pipeline lead\npipeline:\n- event.listen: {key: lead}\n"
    for _ in range(2):
        kernel = start_kernel(**env)
        kernel.ok("%load_ext pfnb")
        kernel.ok(text)
    stranger = start_kernel(PFNB_URL=server.url, PFNB_TOKEN=server.token)
    stranger.ok("%load_ext pfnb")
    assert "leads.ipynb" in stranger.run(text).error
    stranger.ok(text.replace("lead\n", "lead --replace\n", 1))


def test_what_came_while_the_kernel_restarted_is_handed_over_in_order(start_kernel, server):
    kernel = start_kernel(PFNB_URL=server.url, PFNB_TOKEN=server.token, PFNB_NOTEBOOK="leads.ipynb")
    code = [
        "%load_ext pfnb\nimport pfnb\nseen = []",
        "@pfnb.command('see')\ndef see(body):\n    seen.append(body['payload'])",
        "%%pipeline lead\npipeline:\n- event.listen: {key: lead}\n- see:\n",
    ]
    for cell in code:
        kernel.ok(cell)
    kernel.manager.restart_kernel(now=True)
    kernel.client.wait_for_ready(timeout=30)
    for number in range(5):
        server.run(server.hub.send("lead", number, owner=server.owner))
    for cell in code:
        kernel.ok(cell)
    kernel.ok("%event send key=lead payload=5\n%event wait key=lead timeout=10")
    assert kernel.ok("print(seen)").stdout == "[0, 1, 2, 3, 4, 5]\n"


def test_a_listener_is_shared_with_another_kernel_and_each_event_goes_to_one(start_kernel, server):
    kernels = [start_kernel(PFNB_URL=server.url, PFNB_TOKEN=server.token) for _ in range(2)]
    for kernel in kernels:
        kernel.ok("%load_ext pfnb\nimport pfnb\nseen = []")
        kernel.ok("@pfnb.on('shared', shared=True)\ndef sharing(event):\n    seen.append(event.payload)")
    for number in range(20):
        server.run(server.hub.send("shared", number, owner=server.owner))
    kernels[0].ok("for _ in range(20): pfnb.wait('shared', 20)")
    seen = [json.loads(kernel.ok("print(seen)").stdout) for kernel in kernels]
    assert sorted(seen[0] + seen[1]) == list(range(20))


def test_a_pattern_hears_its_own_notebook_and_others_if_it_asks(start_kernel, server):
    here, other = (start_kernel(PFNB_URL=server.url, PFNB_TOKEN=server.token) for _ in range(2))
    for kernel in (here, other):
        kernel.ok("%load_ext pfnb\nimport pfnb\nseen = []")
    here.ok("@pfnb.on('lead.#')\ndef own(event):\n    seen.append(('own', event.payload))")
    here.ok("@pfnb.on('lead.*', all_notebooks=True)\ndef asking(event):\n    seen.append(('asking', event.payload))")
    here.ok("@pfnb.command('see')\ndef see(body):\n    seen.append(('flag', body['payload']))")
    here.ok("%%pipeline flag --all-notebooks\npipeline:\n- event.listen: {key: '#'}\n- see:\n")
    here.ok("%%pipeline header\nheaders: {allNotebooks: true}\npipeline:\n- event.listen: {key: '#'}\n- body.set: 1\n")
    other.ok("pfnb.webhook('lead.new').send('hook'); None\n%event send key=lead.new payload=sent")
    here.ok("%event send key=lead.new payload=mine\nfor _ in range(3): pfnb.wait('lead.new', 20)")
    payloads = ["hook", "mine", "sent"]
    wanted = [["asking", one] for one in payloads] + [["flag", one] for one in payloads] + [["own", "mine"]]
    assert sorted(json.loads(here.ok("import json; print(json.dumps(seen))").stdout)) == wanted
    listed = here.ok("%pipeline list").value
    assert "lead.# " in listed
    again = here.ok("@pfnb.on('lead.#')\ndef own(event):\n    pass")
    assert again.stdout.startswith("own does not get lead.new, which webhooks of other notebooks fire")
    assert here.ok("pfnb.webhook('lead.new')\n@pfnb.on('lead.#')\ndef own(event):\n    pass").stdout == ""
    assert listed.count("(all notebooks)") == 3


def test_autoreload_of_a_users_module_takes_its_listeners_and_commands_anew(kernel, tmp_path):
    def write(version):
        (tmp_path / "mine.py").write_text(
            f"import pfnb\n# {version}\n@pfnb.on('auto')\ndef auto():\n    return {version}\n"
            f"@pfnb.command('auto.command')\ndef command():\n    return {version}\n"
        )

    write(1)
    kernel.ok("import sys; sys.path.insert(0, '.'); sys.dont_write_bytecode = True")
    kernel.ok("%load_ext autoreload\n%autoreload 2\nimport mine\nhook = pfnb.webhook('auto')")
    threads = threads_and_ports(kernel)
    asked = "[hook.send({}, wait=True).json()['value'], pfnb.run('pipeline: [{auto.command: }]').body]"
    assert kernel.ok(asked).value == "[1, 1]"
    write(222)
    assert kernel.ok(asked).value == "[222, 222]"
    assert threads_and_ports(kernel)[1] == threads[1]


def test_a_kernel_shuts_down_at_once(kernel):
    pid = psutil.Process(kernel.manager.provisioner.pid)
    kernel.client.shutdown()
    pid.wait(5)


def test_plain_ipython_has_magics_and_prints_nothing_from_behind():
    done = in_ipython(
        "ip.run_line_magic('load_ext', 'pfnb')\n"
        "hook = ip.run_line_magic('webhook', 'put eventKey=lead payloadType=raw')\n"
        "ip.run_cell_magic('pipeline', 'lead', 'pipeline:\\n- event.listen: {key: lead}\\n- set.body: {value: ok}')\n"
        "print(hook.send({'a': 1}, wait=True).json()['value'])\n"
        "import time; time.sleep(0.5)\n"
    )
    assert done.returncode == 0, done.stderr
    assert done.stdout.splitlines()[1:] == ["lead listens for lead", "ok"]
    assert done.stderr == ""


def test_the_interpreter_ends_while_pipelines_listen():
    done = in_ipython("ip.run_line_magic('load_ext', 'pfnb')\nprint(ip.meta['pfnb'].hub_url)\n")
    assert done.returncode == 0, done.stderr
    assert done.stderr == ""
    url = re.search(r"http://\S+", done.stdout)[0]
    with pytest.raises(httpx.ConnectError):
        httpx.get(url, trust_env=False)


@pytest.mark.alone
def test_importing_is_quick_and_light():
    code = (
        "import sys, time\nbegan = time.perf_counter()\nimport pfnb\nspent = time.perf_counter() - began\n"
        "import json; print(json.dumps([spent, sorted(sys.modules)]))"
    )
    spent, modules = json.loads(python(code).stdout)
    assert spent < 0.15
    assert not {"tornado", "jupyter_server", "IPython", "pydantic", "ruamel.yaml", "sqlalchemy"} & set(modules)


def test_the_kernel_side_never_imports_the_server(kernel):
    kernel.ok("%webhook put eventKey=a.b")
    assert kernel.ok("import sys; print('jupyter_server' in sys.modules)").stdout == "False\n"


def test_every_public_name_is_there_and_the_list_is_sorted():
    import pfnb

    assert pfnb.__all__ == sorted(pfnb.__all__)
    assert all(getattr(pfnb, name) is not None for name in pfnb.__all__)
    assert set(pfnb.__all__) <= set(dir(pfnb))
    with pytest.raises(AttributeError, match="no attribute 'webhok'"):
        _ = pfnb.webhok
