//! Link settings of a Node addon, among them the one that keeps the library mapped.

fn main() {
    napi_build::setup();
}
