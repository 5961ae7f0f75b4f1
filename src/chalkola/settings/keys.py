"""The secret key of a Supabase project: what can be seen of it from here. Pure."""

import base64
import binascii
import json


def wrong_with_key(key: str) -> str:
    """Return what is wrong with a project's secret key, empty for nothing that can be seen from here."""
    if key.startswith("sb_secret_"):
        return ""
    if key.startswith("sb_publishable_"):
        return "is the publishable key, which may not write"
    if not key.startswith("eyJ") or key.count(".") != 2:
        return "is neither an sb_secret_… nor an eyJ… key"
    role = _role(key)
    return f"is the key of the role {role}, which may not write" if role not in (None, "service_role") else ""


def _role(key: str) -> str | None:
    """Return the role that a JWT is for, None where it cannot be read."""
    payload = key.split(".")[1]
    try:
        said = json.loads(base64.urlsafe_b64decode(payload + "=" * (-len(payload) % 4)))
    except (binascii.Error, ValueError):
        return None
    return said.get("role") if isinstance(said, dict) else None
