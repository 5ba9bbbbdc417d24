"""What runs on the bank's servers: user data as tutorials write it."""

DATABASE = "10.0.11.10"
PAGE = "/cgi-bin/accounts"
ROWS = "Ada 100.00, Grace 250.00"

DATABASE_DATA = """#!/bin/bash
dnf update -y
dnf install -y postgresql15-server
postgresql-setup --initdb
sed -i "s/#listen_addresses = 'localhost'/listen_addresses = '*'/" /var/lib/pgsql/data/postgresql.conf
echo "host bank web 0.0.0.0/0 scram-sha-256" >> /var/lib/pgsql/data/pg_hba.conf
systemctl enable --now postgresql
sudo -u postgres psql <<SQL
CREATE USER web WITH PASSWORD 'secret';
CREATE DATABASE bank;
\\c bank
CREATE TABLE accounts (holder text, balance numeric(12,2));
INSERT INTO accounts VALUES ('Ada', 100), ('Grace', 250);
GRANT SELECT ON accounts TO web;
SQL
"""
"""PostgreSQL that listens on all addresses and asks everybody alike for a password: the network alone protects it."""


def web_data(name: str) -> str:
    """Apache, and a page that asks the database at each request."""
    return f"""#!/bin/bash
dnf update -y
dnf install -y httpd postgresql15
cat > /var/www/cgi-bin/accounts <<'END'
#!/bin/bash
export PGHOST={DATABASE} PGDATABASE=bank PGUSER=web PGPASSWORD=secret PGCONNECT_TIMEOUT=2
echo "Content-Type: text/plain"
echo
echo "{name}: $(psql -At -F ' ' -R ', ' -c 'SELECT * FROM accounts ORDER BY holder' 2>&1)"
END
chmod +x /var/www/cgi-bin/accounts
systemctl enable --now httpd
"""
