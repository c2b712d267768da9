#!/usr/bin/env bash
# Makes captures for the pages of terraform/ again: tests/lab/terraform.sh FOLDER. Needs terraform or tofu (no network).
source "$(dirname "$0")/common.sh"
tool=$(command -v terraform || command -v tofu) || { echo "left out, not installed: terraform, tofu" >&2; exit 0; }
export CHECKPOINT_DISABLE=1 TF_IN_AUTOMATION=1 TF_CLI_CONFIG_FILE=/dev/null
mkdir lock && printf 'resource "terraform_data" "slow" {\n  provisioner "local-exec" {\n    command = "sleep 8"\n  }\n}\n' > lock/main.tf
"$tool" -chdir=lock init -no-color > /dev/null
"$tool" -chdir=lock apply -auto-approve -no-color > /dev/null 2>&1 & first=$!
sleep 3; "$tool" -chdir=lock apply -auto-approve -no-color 2>&1 | keep terraform/state-locked
wait "$first"
mkdir fails && printf 'resource "terraform_data" "migrate" {\n  provisioner "local-exec" {\n    command = "echo no such database >&2; exit 3"\n  }\n}\n' > fails/main.tf
"$tool" -chdir=fails init -no-color > /dev/null
"$tool" -chdir=fails apply -auto-approve -no-color 2>&1 | keep terraform/provider-error
