/* The first process of a version that panics: it ends. */
int main(void) {
    return 1;
}
