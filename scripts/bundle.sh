#!/usr/bin/env bash
# Packs promptbed into one folder that runs on machines without any of its packages, such as cluster nodes, beside a PyTorch that pip has
# installed: scripts/bundle.sh [--tests] [PYTORCH [OUTPUT.tar.xz]], by default that of python3, and
# build/bundle/promptbed-VERSION-torch-VERSION.tar.xz. All libraries but LibTorch are in it. It runs on any x86-64 Linux whose glibc is as
# new as this machine's, with the version of PyTorch that it was built for. With --tests it also has what scripts/gpu_check.sh runs. Takes
# the time of a build.
set -euo pipefail
tests=OFF suffix=
if [ "${1:-}" = --tests ]; then
  tests=ON suffix=-tests
  shift
fi
case ${1:-} in
  -*) echo "scripts/bundle.sh: $1: known: --tests" >&2; exit 2 ;;
esac
output=${2:+$(realpath -m -- "$2")}
pytorch=${1:+$(realpath -m -- "$1")}
cd "$(dirname "$0")/.."

pytorch=${pytorch:-$(python3 -c 'import importlib.util; print(importlib.util.find_spec("torch").submodule_search_locations[0])' 2> /dev/null || true)}
[ -n "$pytorch" ] || { echo "scripts/bundle.sh: python3 has no torch; give the folder of one, or pip install torch" >&2; exit 2; }
[ -f "$pytorch/version.py" ] || { echo "scripts/bundle.sh: $pytorch: is no folder of PyTorch; it has no version.py" >&2; exit 2; }
version=$(sed -n "s/^__version__ = '\([0-9.]*\).*/\1/p" "$pytorch/version.py")

cmake -S . -B build/bundle -G Ninja -DCMAKE_BUILD_TYPE=Release -DPROMPTBED_PYTORCH="$pytorch" -DPROMPTBED_BUILD_TESTS=$tests \
  -DPROMPTBED_BUNDLE=ON > /dev/null
cmake --build build/bundle --target runner plugins promptbed_described
[ $tests = OFF ] || cmake --build build/bundle --target tensors_tests promptbed_bench
promptbed=$(build/bundle/runner --version | sed 's/^runner \([^ ]*\).*/\1/')
name=promptbed-$promptbed-torch-$version$suffix
output=${output:-$PWD/build/bundle/$name.tar.xz}
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT
root=$work/$name
cmake --install build/bundle --prefix "$root" --strip > /dev/null
[ $tests = OFF ] || cmake --install build/bundle --prefix "$root" --strip --component tests > /dev/null

# What is not LibTorch's, and not the C library's own, which belongs to the kernel, nor CUDA's, which PyTorch brings along.
ours='^(libc|libm|libdl|libpthread|librt|libresolv|ld-linux.*)\.so'
cudas='^lib(cuda|cudart|cublas|cublasLt|cudnn.*|cufft|cufile|cupti|curand|cusolver|cusparse|cusparseLt|nccl|nvJitLink|nvrtc.*|nvshmem.*|nvToolsExt)\.so'
for file in "$root"/bin/* "$root"/lib/*.so "$root"/lib/promptbed/plugins/*.so; do
  LD_LIBRARY_PATH=$root/lib:$pytorch/lib ldd "$file"
done | awk '$2 == "=>" { print $1, $3 }' | sort -u | while read -r library path; do
  if [[ $library =~ $ours || $library =~ $cudas || $path == "$root"/* || $path == "$(dirname "$pytorch")"/* ]]; then continue; fi
  [ "$path" != not ] || { echo "scripts/bundle.sh: $library is not found; install it" >&2; exit 1; }
  cp -L "$path" "$root/lib/"
done

sed "s/@VERSION@/$version/g" > "$root/runner" <<'LAUNCHER'
#!/bin/sh
# Finds LibTorch, and starts runner with it: --torch FOLDER as the first words, PROMPTBED_PYTORCH, or the torch of python3.
here=$(dirname "$(readlink -f "$0")")
if [ "$1" = --torch ]; then
  torch=$2
  shift 2
elif [ -n "$PROMPTBED_PYTORCH" ]; then
  torch=$PROMPTBED_PYTORCH
else
  torch=$(python3 -c 'import importlib.util; print(importlib.util.find_spec("torch").submodule_search_locations[0])' 2> /dev/null)
fi
found=$(sed -n "s/^__version__ = '\([0-9.]*\).*/\1/p" "$torch/version.py" 2> /dev/null)
if [ "$found" != @VERSION@ ]; then
  echo "runner: this bundle is for PyTorch @VERSION@, and ${torch:-python3} has ${found:-none}; pip install torch==@VERSION@, or give the folder of one with --torch FOLDER or PROMPTBED_PYTORCH" >&2
  exit 2
fi
export PROMPTBED_PYTORCH="$torch"
export LD_LIBRARY_PATH="$torch/lib${LD_LIBRARY_PATH:+:$LD_LIBRARY_PATH}" # the other libraries are found by where runner stands
exec "$here/bin/runner" "$@"
LAUNCHER
chmod +x "$root/runner"

mkdir -p "$(dirname "$output")"
tar -C "$work" -c "$name" | xz -9e > "$output"
du -h "$output"
