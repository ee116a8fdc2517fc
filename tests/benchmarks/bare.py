"""The measure for everything else: Tornado alone, parsing the same JSON and answering; nothing is stored."""

from __future__ import annotations

import asyncio
import json

import tornado.httpserver
import tornado.netutil
import tornado.web


class Bare(tornado.web.RequestHandler):
    async def post(self) -> None:
        message = json.loads(self.request.body)
        self.finish({"status": "ok", "order": message["order"]})


async def main() -> None:
    application = tornado.web.Application([(r"/", Bare)], log_function=lambda handler: None)
    sockets = tornado.netutil.bind_sockets(0, "127.0.0.1")
    tornado.httpserver.HTTPServer(application).add_sockets(sockets)
    print(f"bare ready at http://127.0.0.1:{sockets[0].getsockname()[1]}/", flush=True)
    await asyncio.Event().wait()


if __name__ == "__main__":
    asyncio.run(main())
