#!/usr/bin/env bash
# Run a command as an ordinary user whom the machine does not have: `newcomer.sh FOLDER COMMAND...`, as root.
# The user stands in files that are mounted over those of /etc in a mount namespace of this command's own, so the host's
# accounts stay as they are. FOLDER is the user's home; NEWCOMER_WITHOUT=range leaves the range of ids out.
set -eu
folder=$1; shift
if [ "${NEWCOMER_INSIDE:-}" != yes ]; then
  NEWCOMER_INSIDE=yes exec unshare --mount --propagation private bash "$0" "$folder" "$@"
fi
unset NEWCOMER_INSIDE
name=atoll-newcomer  # nobody on any machine is called that
id=61234
# Nothing is left on the host, not even for a moment: a place of this command's own, and -n for mount's own notes in /run.
mount -n -t tmpfs -o mode=755 newcomer /mnt
etc=/mnt/etc; mkdir $etc
for file in passwd group subuid subgid; do cat "/etc/$file" > "$etc/$file" 2>/dev/null || true; done
echo "$name:x:$id:$id::$folder:/bin/bash" >> "$etc/passwd"
echo "$name:x:$id:" >> "$etc/group"
[ "${NEWCOMER_WITHOUT:-}" = range ] || for file in subuid subgid; do echo "$name:700000:65536" >> "$etc/$file"; done
chmod 755 "$etc"; chmod 644 "$etc"/*
for file in passwd group subuid subgid; do
  [ -e "/etc/$file" ] && mount -n --bind "$etc/$file" "/etc/$file"
done
# Python may live below a home that others may not enter.
python=$(readlink -f "$(command -v python3)"); prefix=${python%/bin/*}
if ! setpriv --reuid $id --regid $id --clear-groups test -x "$python"; then
  home=/$(cut -d/ -f2 <<< "$prefix")
  mkdir /mnt/python; mount -n --bind "$prefix" /mnt/python
  mount -n -t tmpfs -o mode=755 newcomer "$home"
  mkdir -p "$prefix"; mount -n --move /mnt/python "$prefix"
fi
umount -n -l /mnt  # what is mounted elsewhere stays
export HOME=$folder USER=$name LOGNAME=$name
exec setpriv --reuid $id --regid $id --clear-groups --inh-caps=-all "$@"
