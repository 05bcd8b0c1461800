import { NO_NATS } from "../../scripts/brokers/nats.ts";
import { linkContract } from "./contract.ts";
import { nats } from "./real_brokers.ts";

linkContract("NATS", nats, NO_NATS);
