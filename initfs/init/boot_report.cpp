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
                 {field::disk_id, layout::to_text(report.data.disk_id)},
                 {field::slot, layout::to_text(report.slot)},
                 {field::root_hash, report.root_hash.to_text()},
                 {field::boot_file, report.trial.file_name()},
                 {field::on_trial, report.trial.is_on_trial},
                 {field::first_boot, report.data.kind == DataState::Kind::made},
                 {field::data, to_text(report.data.kind)},
                 {field::peak_bytes, report.peak_bytes}};
    if (const auto tries = report.trial.tries()) {
        json[field::tries_left] = tries->left;
        json[field::tries_done] = tries->done;
    }
    if (!report.data.is_usable()) json[field::data_error] = report.data.error;
    return format_json(json);
}

}  // namespace cairn::init
