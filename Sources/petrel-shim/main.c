#include <stdio.h>
int main(int c,char**v){(void)v;return c;}
