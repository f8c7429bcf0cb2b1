#!/usr/bin/env bash
# boot.sh MODE FOLDER PROGRAMS PORT: a Kubernetes of its own that lives as long as this shell, which lives until the end of its input.
#
# MODE `api`: etcd and the API server on 127.0.0.1:PORT.
# MODE `node`: everything, in the namespaces that `unshare --net --mount --pid` has made for this shell; the API server on all addresses there.
# FOLDER: the certificates, tokens and kubeconfigs that control-plane-files.ts writes; logs are written there. PROGRAMS: what build.sh prints.
#
# Says `ready`; then obeys lines of input, and says `done` to each: `signal NAME SIGNAL` (of a program that KILL or TERM ends it says so when
# it has ended), `start NAME`.
set -euo pipefail
mode=$1 cluster=$2 programs=$3 port=$4
node=$(dirname "$0")/node
export PATH=$programs:$PATH
data=$cluster/data bind=127.0.0.1 address=127.0.0.1 extra=(--disable-admission-plugins=ServiceAccount --endpoint-reconciler-type=none)

# Each program takes the place of the subshell that it is started in, and dies with this shell whatever ends it.
program() { exec setpriv --pdeathsig KILL "$@"; }

run_etcd() {
  program etcd --data-dir "$data/etcd" --unsafe-no-fsync --log-level warn \
    --listen-client-urls "unix://$data/etcd.sock" --advertise-client-urls "unix://$data/etcd.sock" \
    --listen-peer-urls "unix://$data/etcd-peer.sock" --initial-advertise-peer-urls "unix://$data/etcd-peer.sock" \
    --initial-cluster "default=unix://$data/etcd-peer.sock"
}
run_kube-apiserver() {
  program kube-apiserver --etcd-servers "unix://$data/etcd.sock" --bind-address "$bind" --advertise-address "$address" --secure-port "$port" \
    --tls-cert-file "$cluster/server.crt" --tls-private-key-file "$cluster/server.key" --cert-dir "$data" \
    --token-auth-file "$cluster/tokens.csv" --authorization-mode Node,RBAC --enable-admission-plugins NodeRestriction \
    --service-account-issuer https://kubernetes.default.svc.cluster.local \
    --api-audiences https://kubernetes.default.svc.cluster.local,https://another-name-of-the-api-server.example \
    --service-account-key-file "$cluster/service-account.crt" --service-account-signing-key-file "$cluster/service-account.key" \
    --service-cluster-ip-range 10.96.0.0/16 --allow-privileged=true --kubelet-preferred-address-types InternalIP "${extra[@]}"
}
run_kube-controller-manager() {
  program kube-controller-manager --kubeconfig "$cluster/kube-controller-manager.kubeconfig" --leader-elect=false \
    --use-service-account-credentials --service-account-private-key-file "$cluster/service-account.key" --root-ca-file "$cluster/ca.crt" --cert-dir "$data"
}
run_kube-scheduler() { program kube-scheduler --kubeconfig "$cluster/kube-scheduler.kubeconfig" --leader-elect=false --cert-dir "$data"; }
run_containerd() { program containerd --config "$node/containerd.toml" --log-level warn; }
run_kubelet() {
  program kubelet --config "$node/kubelet.yaml" --kubeconfig "$cluster/kubelet.kubeconfig" --root-dir /run/kubelet --cert-dir /run/kubelet/pki \
    --hostname-override node1 --node-ip 10.89.0.1 --cgroup-root "/${cluster##*/}"
}
run_kube-proxy() { program kube-proxy --config "$node/kube-proxy.yaml" --hostname-override node1; }
run_coredns() { program coredns -conf "$node/Corefile"; }

declare -A pids
start() {
  ("run_$1") </dev/null >>"$cluster/$1.log" 2>&1 &
  pids[$1]=$!
}
# Until the command succeeds, for a minute at most, and only while the program that it asks is alive.
until_ready() {
  local name=$1 deadline=$((SECONDS + 60)) said
  shift
  until said=$("$@" 2>&1); do
    if ! kill -0 "${pids[$name]}" 2>/dev/null || [ $SECONDS -gt $deadline ]; then
      printf '%s is not ready: %s\n%s\n' "$name" "$said" "$(tail -n 20 "$cluster/$name.log")" >&2
      exit 1
    fi
    sleep 0.1
  done
}
kubectl_admin() { KUBECONFIG=$cluster/inside.kubeconfig kubectl "$@"; }
trap '{ kill -KILL "${pids[@]}"; wait; } 2>/dev/null' EXIT

make_node() {
  mount --make-rprivate /
  mount -t tmpfs -o mode=755 tmpfs /run
  mount -t tmpfs tmpfs /var/log
  mkdir /run/{programs,node,cluster,data,settings}
  mount --bind "$programs" /run/programs
  mount --bind "$node" /run/node
  mount --bind "$cluster" /run/cluster
  # Settings of the whole machine that a kubelet insists on changing: it changes a copy.
  local setting
  for setting in vm/overcommit_memory vm/panic_on_oom kernel/panic kernel/panic_on_oops kernel/keys/root_maxkeys kernel/keys/root_maxbytes; do
    cat "/proc/sys/$setting" >"/run/settings/${setting//\//.}"
    mount --bind "/run/settings/${setting//\//.}" "/proc/sys/$setting"
  done
  printf 'nameserver 10.89.0.1\nsearch svc.cluster.local cluster.local\n' >/run/resolv.conf
  mount --bind /run/resolv.conf /etc/resolv.conf
  ip link set lo up
  # A network that ends here: what is sent to any other address goes nowhere.
  ip link add node0 type bridge
  ip address add 10.89.0.1/24 dev node0
  ip link set node0 up
  ip route add default dev node0
  echo 1 >/proc/sys/net/ipv4/ip_forward
  # The kubelet's own part of the control groups, version 2 or 1: without it, clusters side by side end each other's pods.
  local hierarchy group=${cluster##*/}
  if [ -e /sys/fs/cgroup/cgroup.controllers ]; then
    echo '+cpu +cpuset +memory +pids' >/sys/fs/cgroup/cgroup.subtree_control
    mkdir "/sys/fs/cgroup/$group"
  else
    for hierarchy in /sys/fs/cgroup/*/; do mkdir -p "$hierarchy/$group"; done
  fi
}

if [ "$mode" = node ]; then
  make_node
  node=/run/node data=/run/data bind=0.0.0.0 address=10.89.0.1 extra=()
  start containerd
fi
mkdir -p "$data"
start etcd
start kube-apiserver
until_ready kube-apiserver kubectl_admin get --raw /readyz
if [ "$mode" = node ]; then
  # First: a kubelet that starts while an image is unpacked may take its mount for that of the root, and ends when it has gone.
  until_ready containerd ctr --namespace k8s.io images import "$cluster/pause.tar"
  for name in kube-controller-manager kube-scheduler kubelet kube-proxy coredns; do start $name; done
  until_ready kubelet kubectl_admin wait --for condition=Ready node/node1 --timeout 1s
  until_ready kube-proxy bash -c '</dev/tcp/127.0.0.1/10256'
  until_ready coredns bash -c '</dev/tcp/10.89.0.1/53'
  # A pod that is created before it is refused.
  until_ready kube-controller-manager kubectl_admin get serviceaccount default
fi
echo ready

while read -r verb name signal; do
  case $verb in
    start) start "$name" ;;
    signal)
      kill "-$signal" "${pids[$name]}"
      case $signal in KILL | TERM) wait "${pids[$name]}" || true ;; esac
      ;;
  esac
  echo done
done
