import { NO_MOSQUITTO } from "../../scripts/brokers/mosquitto.ts";
import { linkContract } from "./contract.ts";
import { guardedBridgedMosquittos } from "./real_brokers.ts";

linkContract("bridged Mosquittos with rules", guardedBridgedMosquittos, NO_MOSQUITTO);
