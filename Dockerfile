# Both services in one small image; fly.toml and `docker run IMAGE write-api …` choose which.
FROM rust:1-slim-bookworm AS build
WORKDIR /src
COPY . .
ENV SQLX_OFFLINE=true
RUN cargo build --release --locked -p read-api -p write-api

FROM debian:bookworm-slim
RUN apt-get update \
    && apt-get install --yes --no-install-recommends ca-certificates \
    && rm -rf /var/lib/apt/lists/* \
    && useradd --system --no-create-home edgebook
COPY --from=build /src/target/release/read-api /src/target/release/write-api /usr/local/bin/
USER edgebook
# Readers and the writer take every option from the environment; see `read-api --help`, `write-api serve --help`.
CMD ["read-api"]
