# The steps around a recipe's own script, run by bash inside the sandbox. Part of every build key.
# Given: arrays `options`, variable `subdir`, and the environment described in recipes/README.md.

source_dir() { printf '%s' "$SOURCE${subdir:+/$subdir}"; }

# A recipe that builds inside its source gets a writable copy of it, and works there.
copy_source() {
    cp -R --preserve=mode,timestamps "$SOURCE/." /build/work/
    chmod -R u+w /build/work
    cd "/build/work${subdir:+/$subdir}"
}

template_autotools() {
    local configure
    configure="$(source_dir)/configure"
    [ -z "${in_source:-}" ] || configure=./configure
    local host=()
    [ -n "${is_host:-}" ] || host=("--host=$TRIPLE")
    "$configure" "${host[@]}" --prefix=/usr --sysconfdir=/etc --localstatedir=/var --libdir=/usr/lib \
        --sbindir=/usr/bin "${options[@]}"
    make
    make install DESTDIR="$STAGE"
}

template_cmake() {
    cmake -G Ninja -S "$(source_dir)" -B /build/work ${CMAKE_TOOLCHAIN_FILE:+-DCMAKE_TOOLCHAIN_FILE=$CMAKE_TOOLCHAIN_FILE} \
        -DCMAKE_BUILD_TYPE=Release -DCMAKE_INSTALL_PREFIX=/usr -DCMAKE_INSTALL_LIBDIR=lib -DCMAKE_INSTALL_SBINDIR=bin \
        "${options[@]}"
    ninja -C /build/work -j "$JOBS"
    DESTDIR="$STAGE" ninja -C /build/work install
}

template_meson() {
    meson setup ${MESON_CROSS_FILE:+--cross-file "$MESON_CROSS_FILE"} --prefix=/usr --libdir=lib --sbindir=bin \
        --sysconfdir=/etc --localstatedir=/var --buildtype=plain --wrap-mode=nodownload \
        "${options[@]}" /build/work "$(source_dir)"
    ninja -C /build/work -j "$JOBS"
    DESTDIR="$STAGE" ninja -C /build/work install
}

template_make() {
    make "${options[@]}"
    make install DESTDIR="$STAGE" PREFIX=/usr prefix=/usr "${options[@]}"
}

template_script() { :; }

# bin, sbin, lib, lib64 and usr/sbin become usr/bin and usr/lib.
merge_usr() {
    local from to
    while read -r from to; do
        [ -d "$STAGE/$from" ] && [ ! -L "$STAGE/$from" ] || continue
        mkdir -p "$STAGE/$to"
        cp -a "$STAGE/$from/." "$STAGE/$to/"
        rm -rf "${STAGE:?}/$from"
    done <<-END
	bin usr/bin
	sbin usr/bin
	usr/sbin usr/bin
	lib usr/lib
	lib64 usr/lib
	usr/lib64 usr/lib
	END
}

drop_unwanted() {
    find "$STAGE" -name '*.la' -type f -delete
    local name
    for name in doc man info locale gtk-doc bash-completion zsh fish; do rm -rf "$STAGE/usr/share/$name"; done
    [ ! -d "$STAGE/usr/share" ] || find "$STAGE/usr/share" -type d -empty -delete
}

# Debug information out of every ELF file; symbols too, but for objects that are still to be linked or loaded.
strip_files() {
    local file magic whole=() parts=()
    while IFS= read -r -d '' file; do
        case "$file" in
            *.a | *.o | *.ko) parts+=("$file") ;;
            *)
                LC_ALL=C IFS= read -r -d '' -n 4 magic <"$file" || true
                [ "$magic" != $'\x7fELF' ] || whole+=("$file")
                ;;
        esac
    done < <(find "$STAGE" -type f -size +3c ! -name '*.efi' ! -name 'vmlinuz' ! -name '*.stub' -print0)
    [ "${#whole[@]}" -eq 0 ] || printf '%s\0' "${whole[@]}" | xargs -0 llvm-strip-19 --strip-unneeded
    [ "${#parts[@]}" -eq 0 ] || printf '%s\0' "${parts[@]}" | xargs -0 llvm-strip-19 --strip-debug --enable-deterministic-archives
}

tidy_stage() {
    cd /build
    chmod -R u+rwX "$STAGE"
    merge_usr
    drop_unwanted
    [ -n "${keep_symbols:-}" ] || strip_files
}
