# What `cmake --install` puts where, and to which package it belongs: the components command, library and
# development. Folders are those of GNUInstallDirs.
include(CMakePackageConfigHelpers)

# Debian wants a folder of documents for each package.
set(DOC_COMMAND ${CMAKE_INSTALL_DATADIR}/doc/chronoctl)
set(DOC_LIBRARY ${CMAKE_INSTALL_DATADIR}/doc/libchronosign${CHRONOSIGN_SOVERSION})
set(DOC_DEVELOPMENT ${CMAKE_INSTALL_DATADIR}/doc/libchronosign-dev)
set(CMAKE_DIR ${CMAKE_INSTALL_LIBDIR}/cmake/chronosign)

# ---- The command and the library ----

# The headers speak of EVP_PKEY.
target_link_libraries(chronosign INTERFACE $<INSTALL_INTERFACE:OpenSSL::Crypto>)

# InfluxData's package has a /usr/bin/chronoctl, too: our package moves it aside, and anywhere else it is not in the way.
set(influxdata /usr/bin/chronoctl)
if(CMAKE_INSTALL_FULL_BINDIR STREQUAL "/usr/bin")
	set(influxdata /usr/bin/chronoctl.influxdata)
endif()
set(CHRONOCTL_INFLUXDATA ${influxdata} CACHE STRING "Where InfluxData's own chronoctl is")
target_compile_definitions(chronoctl PRIVATE CHRONOCTL_INFLUXDATA_PATH="${CHRONOCTL_INFLUXDATA}")

install(TARGETS chronoctl RUNTIME COMPONENT command)
install(TARGETS chronoctl-network RUNTIME DESTINATION ${CMAKE_INSTALL_LIBEXECDIR}/chronoctl COMPONENT command)
install(TARGETS chronosign EXPORT chronosign
	LIBRARY COMPONENT library NAMELINK_COMPONENT development)
install(DIRECTORY ${PROJECT_SOURCE_DIR}/include/chronosign TYPE INCLUDE COMPONENT development)

# ---- How other programs find the library ----

# By its own place, so that a prefix given at install time is right, too.
file(RELATIVE_PATH PC_TO_PREFIX ${CMAKE_INSTALL_FULL_LIBDIR}/pkgconfig ${CMAKE_INSTALL_PREFIX})
string(REGEX REPLACE "/$" "" PC_TO_PREFIX ${PC_TO_PREFIX})
configure_file(src/chronosign.pc.in chronosign.pc @ONLY)
install(FILES ${PROJECT_BINARY_DIR}/chronosign.pc
	DESTINATION ${CMAKE_INSTALL_LIBDIR}/pkgconfig COMPONENT development)

install(EXPORT chronosign NAMESPACE chronosign:: FILE chronosignTargets.cmake
	DESTINATION ${CMAKE_DIR} COMPONENT development)
write_basic_package_version_file(${PROJECT_BINARY_DIR}/chronosignConfigVersion.cmake
	COMPATIBILITY SameMajorVersion)
install(FILES src/packaging/chronosignConfig.cmake ${PROJECT_BINARY_DIR}/chronosignConfigVersion.cmake
	DESTINATION ${CMAKE_DIR} COMPONENT development)

# ---- Manual pages ----

find_program(GZIP gzip)
set(compressed "")

# compress(FILE NAME DESTINATION COMPONENT): -n leaves the date out, so that builds are alike.
function(compress file name destination component)
	if(NOT GZIP)
		install(FILES ${file} DESTINATION ${destination} RENAME ${name} COMPONENT ${component})
		return()
	endif()
	set(output ${PROJECT_BINARY_DIR}/compressed/${component}/${name}.gz)
	add_custom_command(OUTPUT ${output} DEPENDS ${file} VERBATIM
		COMMAND ${CMAKE_COMMAND} -E make_directory ${PROJECT_BINARY_DIR}/compressed/${component}
		COMMAND sh -c "exec \"$0\" -9nc \"$1\" >\"$2\"" ${GZIP} ${file} ${output})
	set(compressed ${compressed} ${output} PARENT_SCOPE)
	install(FILES ${output} DESTINATION ${destination} COMPONENT ${component})
endfunction()

file(GLOB pages CONFIGURE_DEPENDS ${PROJECT_SOURCE_DIR}/docs/man/*.[13])
foreach(page IN LISTS pages)
	cmake_path(GET page FILENAME name)
	if(name MATCHES "\\.1$")
		compress(${page} ${name} ${CMAKE_INSTALL_MANDIR}/man1 command)
	else()
		compress(${page} ${name} ${CMAKE_INSTALL_MANDIR}/man3 development)
	endif()
endforeach()

# ---- Completion ----

# The command itself prints the scripts; built for another machine it cannot run here.
set(completions "")
if(NOT CMAKE_CROSSCOMPILING)
	foreach(pair IN ITEMS
			"bash chronoctl bash-completion/completions"
			"zsh _chronoctl zsh/vendor-completions"
			"fish chronoctl.fish fish/vendor_completions.d")
		string(REPLACE " " ";" pair ${pair})
		list(POP_FRONT pair shell name folder)
		set(script ${PROJECT_BINARY_DIR}/completions/${name})
		add_custom_command(OUTPUT ${script} DEPENDS chronoctl VERBATIM
			COMMAND ${CMAKE_COMMAND} -E make_directory ${PROJECT_BINARY_DIR}/completions
			COMMAND ${CMAKE_COMMAND} -E env ASAN_OPTIONS=detect_leaks=0
				sh -c "exec \"$0\" completion \"$1\" >\"$2\""
				$<TARGET_FILE:chronoctl> ${shell} ${script})
		list(APPEND completions ${script})
		install(FILES ${script} DESTINATION ${CMAKE_INSTALL_DATADIR}/${folder} COMPONENT command)
	endforeach()
endif()

# ---- Documents ----

# As in the source tree, so that the links of the README hold.
install(FILES README.md CHANGELOG.md DESTINATION ${DOC_COMMAND} COMPONENT command)
install(DIRECTORY docs DESTINATION ${DOC_COMMAND} COMPONENT command
	FILES_MATCHING PATTERN "*.md" PATTERN "*.svg" PATTERN "*.service"
	PATTERN man EXCLUDE PATTERN examples EXCLUDE)
if(EXISTS ${PROJECT_SOURCE_DIR}/docs/chronoctl-watch.service)
	install(FILES docs/chronoctl-watch.service DESTINATION ${DOC_COMMAND}/examples COMPONENT command)
endif()
install(DIRECTORY docs/examples DESTINATION ${DOC_DEVELOPMENT} COMPONENT development)

include(src/packaging/packages.cmake)
add_custom_target(documents ALL DEPENDS ${compressed} ${completions})
