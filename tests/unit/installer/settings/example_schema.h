#pragma once

#include "installer/settings/schema.h"

namespace cairn::settings {

/// A schema with a setting of every type, secrets on several levels among them.
inline Schema example_schema() {
    return Schema({parse_piece(R"(
format = 1

[[setting]]
path = "network.host_name"
description = "the name of this machine"
type = "string"
pattern = "[a-z0-9-]+"
min_length = 1
max_length = 8
default = "cairn"

[[setting]]
path = "network.interfaces"
description = "network interfaces"
type = "table"
max_entries = 3
[setting.entry]
type = "record"
[setting.entry.fields.mtu]
type = "integer"
min = 68
max = 9216
default = 1500
[setting.entry.fields.mode]
type = "enumeration"
values = ["dhcp", "static"]
required = true
[setting.entry.fields.password]
type = "string"
max_length = 6
secret = true

[[setting]]
path = "ntp.servers"
description = "time servers"
type = "list"
unique = true
max_items = 3
default = ["a.example", "b.example"]
item = { type = "string" }

[[setting]]
path = "api.token"
description = "a secret of its own"
type = "string"
secret = true
max_length = 10

[[setting]]
path = "motd"
description = "shown at login"
type = "string"
multiline = true

[[setting]]
path = "debug"
description = "say more"
type = "boolean"
default = false
)",
                               "/lib/example.toml")});
}

}  // namespace cairn::settings
