import type { Metric } from "../../src/http/mod.ts";
import type { BootCounts } from "./counts.ts";

/** What is measured of boot services: identities, addresses and files that were given to machines, or were not. */
export function readBootMetrics({ enrolment, dhcp, answers, tftp, http, tftpNow }: BootCounts): Metric[] {
  const counter = (name: string, help: string, samples: Metric["samples"]): Metric => ({
    ...{ name, help, samples },
    type: "counter",
  });
  const by = (label: string, counts: { readonly [key: string]: number }): Metric["samples"] =>
    Object.entries(counts).map(([key, value]) => ({ labels: { [label]: key }, value }));
  const transfers = ([["tftp", tftp], ["http", http]] as const).flatMap(([way, counts]) =>
    Object.entries(counts).map(([result, value]) => ({ labels: { way, result }, value }))
  );
  return [
    counter("boot_tokens_total", "Tokens that were given to machines with their scripts", [{
      value: enrolment.issued,
    }]),
    counter("boot_enrolments_total", "Identities that were given to agents", [{ value: enrolment.enrolled }]),
    counter(
      "boot_enrolments_refused_total",
      "Tokens that were refused, by reason",
      by("reason", { ...enrolment.refused }),
    ),
    counter("boot_transfers_total", "Files that machines asked for, by how that ended", transfers),
    {
      name: "boot_transfers",
      type: "gauge",
      help: "Files that are being sent over TFTP",
      samples: [{ value: tftpNow }],
    },
    ...(dhcp === undefined ? [] : [
      counter("boot_dhcp_received_total", "DHCP packets that came", [{ value: dhcp.received }]),
      counter(
        "boot_dhcp_answers_total",
        "What known machines were answered; silent: nothing, as the request was another server's or can't be answered",
        by("answer", { ...answers }),
      ),
      counter("boot_dhcp_malformed_total", "DHCP packets that could not be read", [{ value: dhcp.malformed }]),
      counter("boot_dhcp_unknown_total", "DHCP packets of machines that nobody knows", [{ value: dhcp.unknown }]),
      counter(
        "boot_dhcp_limited_total",
        "DHCP packets that were dropped, as too many came from one machine or from machines that nobody knows",
        [{ value: dhcp.limited }],
      ),
      counter("boot_dhcp_failures_total", "DHCP answers that could not be sent", [{ value: dhcp.failed }]),
    ]),
  ];
}
