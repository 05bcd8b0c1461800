/**
 * What a node's kernel may need before its root image is there. A kernel lacks some of them, as Debian's one for clouds
 * has no drivers of real network cards: what it has is taken. They are loaded by what hardware is found, apart from
 * those under {@link ALWAYS}.
 */
export const WANTED: readonly string[] = [
  // Machines that are virtual.
  ...["virtio_pci", "virtio_mmio", "virtio_net", "virtio_rng", "vmxnet3", "hv_netvsc", "xen_netfront", "ena", "gve"],
  // Network cards of 1 to 400 Gbit/s.
  ...["e1000", "e1000e", "igb", "igc", "r8169", "tg3", "bnx2", "atlantic"],
  ...["ixgbe", "i40e", "ice", "bnxt_en", "qede", "cxgb4", "be2net", "enic", "mlx4_en", "mlx5_core", "sfc", "ionic"],
  // Those of ARM64 machines.
  ...["hns3", "thunder_nic", "bcmgenet", "lan78xx", "macb", "dwmac_generic", "mvneta", "mvpp2", "xgene_enet_v2"],
  // The power button.
  ...["button", "evdev", "gpio_keys"],
];

/** What init loads in any case: images are squashfs files with an overlay above them. */
export const ALWAYS: readonly string[] = ["loop", "squashfs", "overlay"];
