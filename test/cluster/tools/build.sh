#!/usr/bin/env bash
# build.sh [PROGRAM...]: builds the named programs of a Kubernetes cluster (no name: all of them) through the ordinary Go client, and prints
# the folder that holds them. What is there already is not built again. The folder is outside the tree, and its name changes with the
# versions and with this file.
set -euo pipefail
cd "$(dirname "$0")"

# What it is called, the module here that pins its version, its package.
programs='etcd                     kubernetes  go.etcd.io/etcd/server/v3
kube-apiserver           kubernetes  k8s.io/kubernetes/cmd/kube-apiserver
kubectl                  kubernetes  k8s.io/kubernetes/cmd/kubectl
kube-controller-manager  kubernetes  k8s.io/kubernetes/cmd/kube-controller-manager
kube-scheduler           kubernetes  k8s.io/kubernetes/cmd/kube-scheduler
kubelet                  kubernetes  k8s.io/kubernetes/cmd/kubelet
kube-proxy               kubernetes  k8s.io/kubernetes/cmd/kube-proxy
containerd               containerd  github.com/containerd/containerd/v2/cmd/containerd
containerd-shim-runc-v2  containerd  github.com/containerd/containerd/v2/cmd/containerd-shim-runc-v2
ctr                      containerd  github.com/containerd/containerd/v2/cmd/ctr
runc                     runc        github.com/opencontainers/runc
ptp                      cni         github.com/containernetworking/plugins/plugins/main/ptp
loopback                 cni         github.com/containernetworking/plugins/plugins/main/loopback
host-local               cni         github.com/containernetworking/plugins/plugins/ipam/host-local
coredns                  coredns     github.com/coredns/coredns
helm                     kubernetes  helm.sh/helm/v4/cmd/helm'

cache=${XDG_CACHE_HOME:-$HOME/.cache}/tokenward
folder=$cache/cluster-$(cat build.sh */go.mod */go.sum | sha256sum | cut -c -16)
mkdir -p "$folder"
# A second builder waits for the first, and then finds everything there.
exec 9>"$folder/.lock"
flock 9

# Clients refuse an API server whose version they cannot parse, and without this it is v0.0.0-master+$Format:%H$.
stamp() {
  local version into='-X k8s.io/component-base/version'
  version=$(cd kubernetes && go list -m -f '{{.Version}}' k8s.io/kubernetes)
  echo "$into.gitVersion=$version $into.gitMajor=$(cut -d . -f 1 <<<"${version#v}") $into.gitMinor=$(cut -d . -f 2 <<<"$version")"
}

wanted=" $* "
while read -r name module package; do
  [ "$wanted" = '  ' ] || [[ $wanted == *" $name "* ]] || continue
  [ -x "$folder/$name" ] && continue
  began=$SECONDS
  echo "building $name" >&2
  flags=(-trimpath -ldflags '-s -w') cgo=0
  [ "$module" = kubernetes ] && flags=(-trimpath -ldflags "-s -w $(stamp)")
  # The one program that needs C: libseccomp, for pods with the profile RuntimeDefault.
  [ "$name" = runc ] && cgo=1 && flags+=(-tags seccomp)
  (cd "$module" && CGO_ENABLED=$cgo go build "${flags[@]}" -o "$folder/.$name" "$package")
  mv "$folder/.$name" "$folder/$name"
  echo "built $name in $((SECONDS - began)) s" >&2
done <<<"$programs"
echo "$folder"
