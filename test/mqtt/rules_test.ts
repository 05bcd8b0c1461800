import { NO_MOSQUITTO } from "../../scripts/brokers/mosquitto.ts";
import { NO_NATS } from "../../scripts/brokers/nats.ts";
import { guardedBridgedMosquittos, guardedMosquitto, nats } from "./real_brokers.ts";
import { rulesContract } from "./rules_contract.ts";

rulesContract("Mosquitto with rules", guardedMosquitto, NO_MOSQUITTO);
rulesContract("bridged Mosquittos with rules", guardedBridgedMosquittos, NO_MOSQUITTO);
rulesContract("NATS", nats, NO_NATS);
