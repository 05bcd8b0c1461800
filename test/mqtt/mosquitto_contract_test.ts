import { NO_MOSQUITTO } from "../../scripts/brokers/mosquitto.ts";
import { linkContract } from "./contract.ts";
import { guardedMosquitto, plainMosquitto } from "./real_brokers.ts";

linkContract("Mosquitto", plainMosquitto, NO_MOSQUITTO);
linkContract("Mosquitto with rules", guardedMosquitto, NO_MOSQUITTO);
