"""Which host paths an image shows, as tables. What is not named here does not exist in a guest.

Never added: /home, /root, /run, /tmp, /srv, /opt, /usr/local, private keys below /etc/ssl or /etc/pki, package
sources and profile scripts (both may hold passwords), anything of the server's own.
"""

PROGRAMS = ("usr", "bin", "sbin", "lib", "lib32", "lib64", "libx32")
"""Top-level folders of programs, shown copy on write; those that are links into /usr stay links."""

COVERED = (("usr/local", ("bin", "etc", "include", "lib", "sbin", "share", "src")),)
"""Folders below PROGRAMS that a guest sees empty (but for these folders in them) and may write: on the host they
are its administrator's own."""

ETC = (
    "alternatives",
    "bash.bashrc",
    "bindresvport.blacklist",
    "ca-certificates",
    "ca-certificates.conf",
    "crypto-policies",
    "debian_version",
    "default/useradd",
    "ethertypes",
    "fonts",
    "gai.conf",
    "inputrc",
    "iproute2",
    "ld.so.cache",
    "ld.so.conf",
    "ld.so.conf.d",
    "locale.alias",
    "localtime",
    "login.defs",
    "lsb-release",
    "magic",
    "magic.mime",
    "mime.types",
    "networks",
    "os-release",
    "pam.conf",
    "pam.d",
    "perl",
    "pki/ca-trust/extracted",
    "pki/tls/certs",
    "pki/tls/cert.pem",
    "pki/tls/openssl.cnf",
    "protocols",
    "python3",
    "python3.*",
    "rpc",
    "security/*.conf",
    "services",
    "shells",
    "skel",
    "ssl/certs",
    "ssl/cert.pem",
    "ssl/openssl.cnf",
    "terminfo",
    "timezone",
    "vim",
    "xattr.conf",
)
"""Paths and patterns below /etc that are copied (links as links); those that the host lacks are left out."""

SKELETON: tuple[tuple[str, int], ...] = (
    ("dev", 0o755),
    ("etc/systemd/system/multi-user.target.wants", 0o755),
    ("home/ec2-user", 0o755),
    ("media", 0o755),
    ("mnt", 0o755),
    ("opt", 0o755),
    ("proc", 0o555),
    ("root", 0o700),
    ("run", 0o755),
    ("srv", 0o755),
    ("sys", 0o555),
    ("tmp", 0o1777),
    ("var/cache", 0o755),
    ("var/lib/cloud/instance", 0o755),
    ("var/lib/misc", 0o755),
    ("var/log", 0o755),
    ("var/log/apache2", 0o755),
    ("var/mail", 0o755),
    ("var/spool", 0o755),
    ("var/tmp", 0o1777),
    ("var/www/html", 0o755),
)
"""Folders made afresh."""

LINKS: tuple[tuple[str, str], ...] = (
    ("etc/mtab", "../proc/self/mounts"),
    ("var/run", "/run"),
    ("var/lock", "/run/lock"),
    # One folder of Apache logs under the names of both families of distributions.
    ("var/log/httpd", "apache2"),
    ("var/log/apache2/access_log", "access.log"),
    ("var/log/apache2/error_log", "error.log"),
)

AUTHORITIES = "/etc/ssl/atoll.pem"
"""Where botocore finds whom to trust; init makes it."""

TEXTS: tuple[tuple[str, str, int], ...] = (
    ("etc/nsswitch.conf", "passwd: files\ngroup: files\nshadow: files\nhosts: files dns\nservices: files\n"
     "protocols: files\nnetworks: files dns\nethers: files\nrpc: files\n", 0o644),
    ("etc/host.conf", "multi on\n", 0o644),
    ("etc/fstab", "", 0o644),
    ("etc/environment", f"AWS_CA_BUNDLE={AUTHORITIES}\n", 0o644),
    ("etc/profile", "export PATH=/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin LANG=C.UTF-8\n"
     f"export AWS_CA_BUNDLE={AUTHORITIES}\n"
     'for script in /etc/profile.d/*.sh; do [ -r "$script" ] && . "$script"; done\nunset script\n', 0o644),
    ("etc/securetty", "", 0o600),
)  # fmt: skip
"""Small files of the guest's own: path, text, mode."""

USERS: tuple[tuple[str, int, str, str], ...] = (
    ("root", 0, "/root", "/bin/bash"),
    ("daemon", 1, "/usr/sbin", "/usr/sbin/nologin"),
    ("bin", 2, "/bin", "/usr/sbin/nologin"),
    ("sys", 3, "/dev", "/usr/sbin/nologin"),
    ("mail", 8, "/var/mail", "/usr/sbin/nologin"),
    ("www-data", 33, "/var/www", "/usr/sbin/nologin"),
    ("apache", 48, "/usr/share/httpd", "/usr/sbin/nologin"),
    ("_apt", 42, "/nonexistent", "/usr/sbin/nologin"),
    ("nginx", 101, "/var/lib/nginx", "/usr/sbin/nologin"),
    ("postgres", 26, "/var/lib/postgresql", "/bin/bash"),
    ("mysql", 27, "/var/lib/mysql", "/usr/sbin/nologin"),
    ("sshd", 74, "/run/sshd", "/usr/sbin/nologin"),
    ("messagebus", 81, "/nonexistent", "/usr/sbin/nologin"),
    ("ec2-user", 1000, "/home/ec2-user", "/bin/bash"),
    ("nobody", 65534, "/nonexistent", "/usr/sbin/nologin"),
)
"""Name, uid (each has a group of its name and number), home, shell. Numbers of Amazon Linux where it has them."""

GROUPS: tuple[tuple[str, int, tuple[str, ...]], ...] = (
    ("adm", 4, ("ec2-user",)),
    ("tty", 5, ()),
    ("disk", 6, ()),
    ("kmem", 9, ()),
    ("wheel", 10, ("ec2-user",)),
    ("sudo", 28, ("ec2-user",)),
    ("shadow", 43, ()),
    ("utmp", 22, ()),
    ("video", 44, ()),
    ("staff", 50, ()),
    ("systemd-journal", 190, ()),
    ("users", 100, ()),
    ("nogroup", 65534, ()),
)
