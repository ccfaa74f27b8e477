# What the scripts of this folder need of a machine: a Java that Spark runs on, and a locale that keeps every letter.
# Sourced by them; sets java, and java_build, which says which one that is.

say() {
  printf '%s\n' "$*" >&2
}

fail() {
  say "error: $1"
  exit "${2:-2}"
}

# Whether a locale's encoding is UTF-8: the locale $1, or the one that is set. A locale that is not installed is "C".
is_utf8() {
  [[ $({ [[ -z ${1:-} ]] || export LC_ALL=$1; locale charmap; } 2>/dev/null) == UTF-8 ]]
}

# Java decodes its arguments and the names of files by the locale that it starts in. cron, systemd and many containers
# set none, and then everything but ASCII is lost. Takes the words that Java will be given.
use_utf8_locale() {
  local words="$* $PWD" candidate
  if ! command -v locale >/dev/null; then
    # A small system, whose C library knows this one.
    [[ ${LC_ALL:-} == *[Uu][Tt][Ff]*8 ]] || export LC_ALL=C.UTF-8
    return
  fi
  if is_utf8; then
    return
  fi
  case $(locale charmap 2>/dev/null) in
    ANSI* | US-ASCII | 646 | '') ;;
    *)
      # Words in the encoding of the user's own locale are for that locale.
      iconv -f UTF-8 -t UTF-8 <<<"$words" >/dev/null 2>&1 || return 0
      ;;
  esac
  while read -r candidate; do
    if is_utf8 "$candidate"; then
      export LC_ALL=$candidate
      return
    fi
  done < <(
    printf '%s\n' C.UTF-8 en_US.UTF-8
    locale -a 2>/dev/null | grep -i 'utf-\?8$'
  )
  for candidate in "$@" "$PWD"; do
    [[ $candidate != *[![:ascii:]]* ]] || fail "'$candidate' is not ASCII, and this machine has no UTF-8 locale in which \
Java could read it. Install one (Debian and Ubuntu: apt-get install locales, then locale-gen en_US.UTF-8; Red Hat: dnf \
install glibc-langpack-en), or use ASCII names."
  done
}

# The version of a Java, such as 17.0.15 or 1.8.0_402. An installation says it in a file, which is faster than to start it.
java_version() {
  local program line
  program=$(readlink -f "$(command -v "$1")")
  if [[ -r ${program%/bin/java}/release ]]; then
    while read -r line; do
      if [[ $line =~ ^JAVA_VERSION=\"(.+)\" ]]; then
        printf '%s' "${BASH_REMATCH[1]}"
        return
      fi
    done <"${program%/bin/java}/release"
  fi
  "$1" -version 2>&1 | sed -n 's/.* version "\([^"]*\)".*/\1/p' | head -n 1
}

is_usable_version() {
  [[ $1 =~ ^(17|21)([^0-9]|$) ]]
}

# Spark 3.5 runs on these versions of Java, and this job's classes need 17.
require_java() {
  local found version other advice='set JAVA_HOME to one (JAVA_HOME=/path/to/jdk-17)'
  java=${JAVA_HOME:+$JAVA_HOME/bin/}java
  found=$(command -v "$java") \
    || fail "No Java at $java. Install JDK 17 or 21, and put it on PATH or set JAVA_HOME to it."
  version=$(java_version "$java" || true)
  # shellcheck disable=SC2034 # for who sources this
  java_build="$found $version"
  if is_usable_version "$version"; then
    return
  fi
  for other in /usr/lib/jvm/*; do
    if [[ -x $other/bin/java ]] && is_usable_version "$(java_version "$other/bin/java" || true)"; then
      advice="set JAVA_HOME=$other"
      break
    fi
  done
  fail "$found is Java ${version:-of an unknown version}. Spark needs Java 17 or 21: $advice."
}
