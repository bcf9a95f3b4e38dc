#include "initfs/init/boot_report.h"

#include "images/layout/boot_report.h"
#include "pkg/base/json.h"

namespace cairn::init {

std::string format_boot_report(const BootReport& report) {
    namespace field = layout::boot_report;
    Json json = {{field::name, report.release.name},
                 {field::version, report.release.version},
                 {field::machine, report.machine},
                 {field::disk, report.disk},
                 {field::disk_id, report.disk_id},
                 {field::slot, layout::to_text(report.slot)},
                 {field::root_hash, report.root_hash.to_text()},
                 {field::boot_file, report.loader.boot_file},
                 {field::on_trial, report.loader.counter.has_value()},
                 {field::first_boot, report.data.kind == DataState::Kind::made},
                 {field::data, to_text(report.data.kind)}};
    if (report.loader.counter) {
        json[field::tries_left] = report.loader.counter->left;
        json[field::tries_done] = report.loader.counter->done;
    }
    if (!report.data.is_usable()) json[field::data_error] = report.data.error;
    return format_json(json);
}

}  // namespace cairn::init
