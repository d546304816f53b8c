# The service in one image: docker build -t partnermatch . && docker run -p 8000:8000 -v partnermatch:/data partnermatch
FROM python:3.11-slim AS build
WORKDIR /source
COPY pyproject.toml README.md LICENSE ./
COPY .ci/constraints.txt .ci/constraints.txt
COPY matching matching
COPY embeddings embeddings
COPY optimizer optimizer
COPY service service
COPY fixtures/demo fixtures/demo
RUN python -m venv /app \
    # PyTorch's own index has builds without the graphics card's libraries, a tenth of the size.
    && /app/bin/pip install --no-cache-dir -c .ci/constraints.txt --index-url https://download.pytorch.org/whl/cpu torch \
    && /app/bin/pip install --no-cache-dir -c .ci/constraints.txt ".[cluster]"

FROM python:3.11-slim
RUN useradd --uid 10001 --home-dir /data --no-create-home partnermatch \
    && install --directory --owner=partnermatch --mode=0700 /data
COPY --from=build /app /app
ENV PATH=/app/bin:$PATH \
    PYTHONUNBUFFERED=1 \
    PYTHONDONTWRITEBYTECODE=1 \
    HF_HUB_OFFLINE=1 \
    XDG_CACHE_HOME=/data/cache \
    PARTNERMATCH_DATA=/data
USER partnermatch
WORKDIR /data
VOLUME /data
EXPOSE 8000
HEALTHCHECK --interval=30s --timeout=5s --start-period=60s \
    CMD ["python", "-c", "import urllib.request as r; r.urlopen('http://localhost:8000/health/ready', timeout=4)"]
ENTRYPOINT ["partnermatch"]
CMD ["serve", "--host", "0.0.0.0"]
