# The hub as a container: docs/container.md

FROM python:3.13-slim AS build
WORKDIR /src
COPY pyproject.toml README.md LICENSE ./
COPY jupyter-config jupyter-config
COPY pfnb pfnb
RUN python -m venv /opt/pfnb && /opt/pfnb/bin/pip install --no-cache-dir ".[encodings]"

FROM python:3.13-slim
RUN useradd --system --uid 10001 --create-home --home-dir /var/lib/pfnb --shell /usr/sbin/nologin pfnb \
    && chmod 700 /var/lib/pfnb
COPY --from=build /opt/pfnb /opt/pfnb
ENV PATH=/opt/pfnb/bin:$PATH PYTHONUNBUFFERED=1
USER pfnb
WORKDIR /var/lib/pfnb
VOLUME /var/lib/pfnb
EXPOSE 8899 8900
STOPSIGNAL SIGTERM
HEALTHCHECK --start-period=20s CMD ["python", "-c", "import urllib.request as web; web.urlopen('http://127.0.0.1:8899/pfnb/healthz', timeout=5)"]
ENTRYPOINT ["pfnb", "serve", "--data-dir", "/var/lib/pfnb", "--host", "0.0.0.0"]
