#include "images/layout/partitions.h"

namespace cairn::layout {

std::string_view name_of(Part part) {
    switch (part) {
        case Part::esp:
            return "esp";
        case Part::root_a:
            return "root-a";
        case Part::root_a_verity:
            return "root-a-verity";
        case Part::root_b:
            return "root-b";
        case Part::root_b_verity:
            return "root-b-verity";
        case Part::data:
            return "data";
    }
    return "";
}

std::string_view type_of(Part part, Architecture architecture) {
    switch (part) {
        case Part::esp:
            return "c12a7328-f81f-11d2-ba4b-00a0c93ec93b";
        case Part::root_a:
        case Part::root_b:
            return names_of(architecture).root_type;
        case Part::root_a_verity:
        case Part::root_b_verity:
            return names_of(architecture).root_verity_type;
        // "Linux file system data". The type for /var would demand a GUID made from the machine id.
        case Part::data:
            return "0fc63daf-8483-4772-8e79-3d69d8477de4";
    }
    return "";
}

std::uint64_t size_of(Part part, const PartitionSizes& sizes) {
    switch (part) {
        case Part::esp:
            return sizes.esp;
        case Part::root_a:
        case Part::root_b:
            return sizes.root;
        case Part::root_a_verity:
        case Part::root_b_verity:
            return sizes.verity;
        case Part::data:
            return 0;
    }
    return 0;
}

}  // namespace cairn::layout
