# Three images from one file: `infer` reads articles, `train` makes models, `label` works with Label Studio.
FROM python:3.12-slim AS build
WORKDIR /src
COPY . .
RUN pip wheel --no-cache-dir --no-deps --wheel-dir /wheels .

FROM python:3.12-slim AS infer
RUN --mount=type=bind,from=build,source=/wheels,target=/wheels \
    wheel=$(echo /wheels/malimet-*.whl) && pip install --no-cache-dir "$wheel[parquet]" && useradd --create-home malimet
USER malimet
WORKDIR /home/malimet
ENTRYPOINT ["malimet"]
CMD ["--help"]

FROM python:3.12-slim AS train
RUN --mount=type=bind,from=build,source=/wheels,target=/wheels \
    wheel=$(echo /wheels/malimet-*.whl) && pip install --no-cache-dir "$wheel[parquet,train]" && useradd --create-home malimet
USER malimet
WORKDIR /home/malimet
ENTRYPOINT ["malimet", "train"]

FROM python:3.12-slim AS label
RUN --mount=type=bind,from=build,source=/wheels,target=/wheels \
    wheel=$(echo /wheels/malimet-*.whl) && pip install --no-cache-dir "$wheel[labelstudio,serve]" \
    && useradd --create-home malimet
USER malimet
WORKDIR /home/malimet
ENTRYPOINT ["malimet", "label"]
