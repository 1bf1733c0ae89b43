"""A private certificate authority and one certificate a service, made with openssl."""

import subprocess
from pathlib import Path

DAYS = "825"


def create(folder: Path, services: list[str]) -> None:
    """ca.pem, <service>.pem with <service>.key, and the gateway's pair for user contexts."""
    folder.mkdir(parents=True, exist_ok=True, mode=0o700)
    if not (folder / "ca.pem").exists():
        _key(folder / "ca.key")
        _openssl("req", "-x509", "-new", "-key", folder / "ca.key", "-subj", "/CN=AgentFlow CA",
                 "-days", DAYS, "-out", folder / "ca.pem")
    for service in services:
        if not (folder / f"{service}.pem").exists():
            _certificate(folder, service)
    if not (folder / "context.pub").exists():
        _key(folder / "context.key")
        _openssl("pkey", "-in", folder / "context.key", "-pubout", "-out", folder / "context.pub")


def _certificate(folder: Path, service: str) -> None:
    key, request, extensions = (folder / f"{service}{end}" for end in (".key", ".csr", ".ext"))
    _key(key)
    _openssl("req", "-new", "-key", key, "-subj", f"/CN={service}", "-out", request)
    extensions.write_text(f"subjectAltName=DNS:{service},DNS:localhost,IP:127.0.0.1\n"
                          "extendedKeyUsage=serverAuth,clientAuth\n")
    _openssl("x509", "-req", "-in", request, "-CA", folder / "ca.pem", "-CAkey",
             folder / "ca.key", "-CAcreateserial", "-days", DAYS, "-extfile", extensions,
             "-out", folder / f"{service}.pem")
    request.unlink()
    extensions.unlink()


def _key(path: Path) -> None:
    path.touch(mode=0o600)
    _openssl("genpkey", "-algorithm", "EC", "-pkeyopt", "ec_paramgen_curve:P-256", "-out", path)


def _openssl(*arguments) -> None:
    subprocess.run(["openssl", *[str(a) for a in arguments]], check=True, capture_output=True)
