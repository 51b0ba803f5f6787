"""The headers of pages and of what they are made of."""

from typing import Final

DOCS_POLICY: Final = "; ".join(
    (
        "default-src 'none'",
        "script-src 'self'",
        "style-src 'self'",
        "img-src 'self' data:",
        "connect-src 'self'",
        "form-action 'self'",
        "base-uri 'none'",
        "frame-ancestors 'none'",
    )
)
"""No inline script or style, nothing from other hosts. The base style sheet has form icons at `data:` addresses.
Swagger UI makes markup of the description's Markdown (cleaned by DOMPurify), so trusted types cannot be asked of it."""
PAGE_HEADERS: Final = {
    # And no way to turn text into markup.
    "Content-Security-Policy": f"{DOCS_POLICY}; require-trusted-types-for 'script'; trusted-types 'none'",
    "Cache-Control": "no-cache",
    "Cross-Origin-Opener-Policy": "same-origin",
    "Permissions-Policy": "camera=(), geolocation=(), microphone=()",
    "Referrer-Policy": "no-referrer",
    "X-Content-Type-Options": "nosniff",
}
