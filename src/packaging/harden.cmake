# What the compiler and the linker can do against a bug's being of use to somebody. tests/install/release reads it
# back from what is installed.
include(CheckCCompilerFlag)
include(CheckCSourceCompiles)

# Zeroed locals hide from valgrind that nothing was written there, so the tests' build goes without.
set(without_tests ON)
if(BUILD_TESTING)
	set(without_tests OFF)
endif()
option(CHRONOCTL_ZERO_LOCALS "Let locals start as zeros, where the compiler can" ${without_tests})

# harden(NAME FLAG…): if the compiler knows them.
function(harden name)
	string(REPLACE ";" " " flags "${ARGN}")
	set(CMAKE_REQUIRED_FLAGS -Werror)
	check_c_compiler_flag("${flags}" ${name})
	if(${name})
		add_compile_options(${ARGN})
	endif()
endfunction()

# In each build: binding a function when it is first called saves the vector registers on the stack, with
# what strlen(3) has left of a PIN in them.
add_link_options(-Wl,-z,relro,-z,now)
harden(HAS_RECORD_SWITCHES -frecord-gcc-switches)
if(CHRONOCTL_SANITIZE OR CMAKE_BUILD_TYPE STREQUAL "Debug")
	return()
endif()

harden(HAS_STACK_PROTECTOR -fstack-protector-strong)
harden(HAS_STACK_CLASH -fstack-clash-protection)
harden(HAS_CF_PROTECTION -fcf-protection)
if(CHRONOCTL_ZERO_LOCALS)
	harden(HAS_ZERO_LOCALS -ftrivial-auto-var-init=zero)
	if(NOT HAS_ZERO_LOCALS)
		# clang 14 and 15
		harden(HAS_ZERO_LOCALS_OF_CLANG -ftrivial-auto-var-init=zero
			-enable-trivial-auto-var-init-zero-knowing-it-will-be-removed-from-clang)
	endif()
endif()

# 3 is for gcc 12, clang 9 and glibc 2.34; with an older compiler glibc's headers warn of it.
set(CMAKE_REQUIRED_FLAGS "-O2 -U_FORTIFY_SOURCE -D_FORTIFY_SOURCE=3")
check_c_source_compiles("
	#include <stdio.h>
	#if __USE_FORTIFY_LEVEL < 3
	#error no third level
	#endif
	int main(void) { return 0; }" HAS_FORTIFY_3)
unset(CMAKE_REQUIRED_FLAGS)
if(HAS_FORTIFY_3)
	add_compile_options(-U_FORTIFY_SOURCE -D_FORTIFY_SOURCE=3)
else()
	add_compile_options(-U_FORTIFY_SOURCE -D_FORTIFY_SOURCE=2)
endif()
