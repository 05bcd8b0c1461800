import type { Figure } from "../../src/http/mod.ts";
import type { BootCounts } from "./counts.ts";

/** Returns the metrics of boot services: identities, addresses and files given to machines, and refusals. */
export function readBootMetrics({ enrolment, dhcp, answers, tftp, http, tftpNow }: BootCounts): Figure[] {
  const counter = (name: string, help: string, samples: Figure["samples"]): Figure => ({
    ...{ name, help, samples },
    type: "counter",
  });
  const by = (label: string, counts: { readonly [key: string]: number }): Figure["samples"] =>
    Object.entries(counts).map(([key, value]) => ({ labels: { [label]: key }, value }));
  const transfers = ([["tftp", tftp], ["http", http]] as const).flatMap(([way, counts]) =>
    Object.entries(counts).map(([result, value]) => ({ labels: { way, result }, value }))
  );
  return [
    counter("boot_tokens_total", "Tokens given to machines with their scripts", [{
      value: enrolment.issued,
    }]),
    counter("boot_enrolments_total", "Identities given to agents", [{ value: enrolment.enrolled }]),
    counter(
      "boot_enrolments_refused_total",
      "Refused tokens, by reason",
      by("reason", { ...enrolment.refused }),
    ),
    counter("boot_transfers_total", "Files requested by machines, by result", transfers),
    {
      name: "boot_transfers",
      type: "gauge",
      help: "Files being sent over TFTP now",
      samples: [{ value: tftpNow }],
    },
    ...(dhcp === undefined ? [] : [
      counter("boot_dhcp_received_total", "DHCP packets received", [{ value: dhcp.received }]),
      counter(
        "boot_dhcp_answers_total",
        "Answers to known machines; silent: none, because the request is for another server or cannot be answered",
        by("answer", { ...answers }),
      ),
      counter("boot_dhcp_malformed_total", "DHCP packets that could not be read", [{ value: dhcp.malformed }]),
      counter("boot_dhcp_unknown_total", "DHCP packets of unknown machines", [{ value: dhcp.unknown }]),
      counter(
        "boot_dhcp_limited_total",
        "DHCP packets dropped because too many came from one machine or from unknown machines",
        [{ value: dhcp.limited }],
      ),
      counter("boot_dhcp_failures_total", "DHCP answers that could not be sent", [{ value: dhcp.failed }]),
    ]),
  ];
}
