"""Packages that the image holds beyond the host's own programs, as a table: what to fetch, what to prepare.

Maintainer scripts are never run: `links` does what they would have done with the package's files. What belongs
to the moment of installation (default page, unit, enabling) is done in the guest by files/lib/packages/NAME.
"""

import msgspec

_MODULES = (
    "access_compat", "alias", "auth_basic", "authn_core", "authn_file", "authz_core", "authz_host", "authz_user",
    "autoindex", "deflate", "dir", "env", "filter", "mime", "mpm_event", "negotiation", "reqtimeout", "setenvif",
    "status",
)  # fmt: skip
_CONFS = ("charset", "localized-error-pages", "other-vhosts-access-log", "security", "serve-cgi-bin")


class Recipe(msgspec.Struct, frozen=True):
    """One layer of software."""

    name: str
    program: str
    """Path below / by which one sees that the software is there."""
    packages: tuple[str, ...]
    """Debian's and Ubuntu's names, or apt's patterns; what they need and the host lacks is fetched with them."""
    needed: bool = True
    """Whether Atoll starts without it; then guests fail to install it, by name."""
    links: tuple[tuple[str, str], ...] = ()
    """(path, aim) of links to make; a link whose aim is not there is left out."""
    drop: tuple[str, ...] = ()
    """Patterns of paths to leave out of the layer: units appear in a guest when it installs the package."""


def _enabled(kind: str, names: tuple[str, ...], suffixes: tuple[str, ...]) -> tuple[tuple[str, str], ...]:
    """Links that a2enmod, a2enconf and a2ensite make."""
    return tuple(
        (f"etc/apache2/{kind}-enabled/{name}{suffix}", f"../{kind}-available/{name}{suffix}")
        for name in names
        for suffix in suffixes
    )


APACHE = Recipe(
    name="apache2",
    program="usr/sbin/apache2",
    packages=("apache2",),
    links=(
        *_enabled("mods", _MODULES, (".load", ".conf")),
        *_enabled("conf", _CONFS, (".conf",)),
        *_enabled("sites", ("000-default",), (".conf",)),
    ),
    drop=("usr/lib/systemd/system/*", "usr/share/doc/*", "usr/share/man/*", "etc/init.d/*", "etc/cron.daily/*"),
)

POSTGRESQL = Recipe(
    name="postgresql",
    program="usr/bin/postgres",
    packages=(
        # "postgresql" itself holds nothing: what it leads to has the version in its name.
        "?reverse-depends(?exact-name(postgresql))",
        "?reverse-depends(?exact-name(postgresql-client))",
        "postgresql-common",
        "postgresql-client-common",
        "python3-psycopg2",
    ),
    needed=False,
    drop=(
        "usr/lib/systemd/system/*",
        "usr/lib/systemd/system-generators/*",
        # What compiles expensive queries, 100 MB: where it is not, they are interpreted.
        "usr/lib/postgresql/*/lib/llvmjit*",
        "usr/lib/postgresql/*/lib/bitcode",
        "usr/lib/*/libLLVM*",
        "usr/lib/llvm-*",
        "usr/share/doc/*",
        "usr/share/man/*",
        "usr/share/locale/*",
        "usr/share/postgresql/*/man",
        "etc/init.d/*",
        "etc/cron.d/*",
        "etc/logrotate.d/*",
    ),
)

AWS = Recipe(
    name="awscli",
    program="usr/bin/aws",
    packages=("awscli", "python3-boto3"),
    needed=False,
    drop=(
        "usr/share/doc/*",
        "usr/share/man/*",
        "usr/share/zsh",
        # What completes a command line, and texts of `aws help`: a fifth of it all.
        "usr/lib/python3/dist-packages/awscli/data/ac.index",
        "usr/lib/python3/dist-packages/awscli/examples",
    ),
)
"""As on Amazon Linux: there without being installed."""

RECIPES: tuple[Recipe, ...] = (APACHE, POSTGRESQL, AWS)
