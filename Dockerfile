# Three images from one file: `train` makes models, `label` works with Label Studio, `infer` (the default) reads articles.
# Their packages are those of requirements/, by version and hash; `make lock` renews them.
FROM python:3.12-slim AS wheel
WORKDIR /src
COPY requirements/build.txt requirements/
RUN pip install --no-cache-dir --require-hashes --requirement requirements/build.txt
COPY . .
RUN python -m build --wheel --no-isolation --outdir /wheels

FROM python:3.12-slim AS base
RUN useradd --create-home --uid 10001 malimet
WORKDIR /home/malimet

FROM base AS train
RUN --mount=type=bind,source=requirements/train.txt,target=/mnt/train.txt \
    pip install --no-cache-dir --require-hashes --requirement /mnt/train.txt
RUN --mount=type=bind,from=wheel,source=/wheels,target=/mnt/wheels \
    pip install --no-cache-dir --no-deps /mnt/wheels/*.whl
USER 10001
ENTRYPOINT ["malimet", "train"]

FROM base AS label
RUN --mount=type=bind,source=requirements/label.txt,target=/mnt/label.txt \
    pip install --no-cache-dir --require-hashes --requirement /mnt/label.txt
RUN --mount=type=bind,from=wheel,source=/wheels,target=/mnt/wheels \
    pip install --no-cache-dir --no-deps /mnt/wheels/*.whl
USER 10001
ENTRYPOINT ["malimet", "label"]

# Writes nothing but what it is told to: `docker run --read-only`.
FROM base AS infer
RUN --mount=type=bind,source=requirements/infer.txt,target=/mnt/infer.txt \
    pip install --no-cache-dir --require-hashes --requirement /mnt/infer.txt
RUN --mount=type=bind,from=wheel,source=/wheels,target=/mnt/wheels \
    pip install --no-cache-dir --no-deps /mnt/wheels/*.whl
USER 10001
EXPOSE 8000
HEALTHCHECK CMD ["python", "-c", "import urllib.request as u; u.urlopen('http://localhost:8000/health')"]
ENTRYPOINT ["malimet"]
CMD ["serve", "--host", "0.0.0.0"]
