# One image that runs by environment variables alone:
#
#   docker build -t sluice .
#   docker run --rm -p 8080:8080 -e OPENAI_API_KEY sluice
#   docker run --rm -p 8080:8080 -e OPENAI_API_KEY -v "$PWD/config:/config:ro" sluice    # with config/proxy-config.yaml
#   docker run --rm -p 8080:8080 -v "$PWD/resources:/resources:ro" sluice run -f /resources
#
# PROFILE is `ci` (quick to build) or `release`.

FROM rust:1.95-bookworm AS build
ARG PROFILE=release
WORKDIR /src
COPY . .
RUN --mount=type=cache,target=/usr/local/cargo/registry \
    --mount=type=cache,target=/src/target,sharing=locked \
    cargo build --locked --profile "$PROFILE" --package sluice-cli --bin sluice \
    && install -D --mode=0755 "target/$PROFILE/sluice" /out/sluice \
    && strip --strip-debug /out/sluice

FROM debian:bookworm-slim
LABEL org.opencontainers.image.title="sluice" \
      org.opencontainers.image.description="An AI gateway: one endpoint for every model provider" \
      org.opencontainers.image.licenses="Apache-2.0"
RUN apt-get update && apt-get install -y --no-install-recommends ca-certificates && rm -rf /var/lib/apt/lists/*
COPY --from=build /out/sluice /sluice
COPY LICENSE /LICENSE
# No home and nothing to write: a read-only root file system will do.
WORKDIR /
USER 65532:65532
EXPOSE 8080
# SIGTERM lets requests in flight end, for 30 seconds at most: give `docker stop` -t 35.
STOPSIGNAL SIGTERM
ENTRYPOINT ["/sluice"]
CMD ["run"]
