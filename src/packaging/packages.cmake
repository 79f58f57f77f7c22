# `cpack -G DEB`: the packages chronoctl, libchronosign0.2 and libchronosign-dev. Configure with
# -DCMAKE_INSTALL_PREFIX=/usr; tests/package tries the result in a clean tree.
set(CHRONOCTL_MAINTAINER "The chronoctl maintainers <maintainers@${PROJECT_NAME}.invalid>" CACHE STRING
	"Maintainer of the Debian packages")
set(library_package libchronosign${CHRONOSIGN_SOVERSION})

set(CPACK_GENERATOR DEB)
set(CPACK_PACKAGE_CONTACT ${CHRONOCTL_MAINTAINER})
set(CPACK_PACKAGE_VENDOR chronoctl)
# Each package has its own.
set(CPACK_PACKAGE_DESCRIPTION_SUMMARY "")
set(CPACK_PACKAGING_INSTALL_PREFIX /usr)
set(CPACK_STRIP_FILES ON)
set(CPACK_INSTALL_DEFAULT_DIRECTORY_PERMISSIONS
	OWNER_READ OWNER_WRITE OWNER_EXECUTE GROUP_READ GROUP_EXECUTE WORLD_READ WORLD_EXECUTE)

set(CPACK_COMPONENTS_ALL command library development)
set(CPACK_DEB_COMPONENT_INSTALL ON)
set(CPACK_DEBIAN_FILE_NAME DEB-DEFAULT)
set(CPACK_DEBIAN_PACKAGE_RELEASE 1)
set(CPACK_DEBIAN_PACKAGE_SHLIBDEPS ON)
set(CPACK_DEBIAN_PACKAGE_SHLIBDEPS_PRIVATE_DIRS ${PROJECT_BINARY_DIR}/src)
set(CPACK_DEBIAN_PACKAGE_CONTROL_STRICT_PERMISSION ON)
set(exactly "(= ${PROJECT_VERSION}-${CPACK_DEBIAN_PACKAGE_RELEASE})")

set(CPACK_DEBIAN_COMMAND_PACKAGE_NAME chronoctl)
set(CPACK_DEBIAN_COMMAND_PACKAGE_SECTION admin)
set(CPACK_DEBIAN_COMMAND_PACKAGE_DEPENDS "${library_package} ${exactly}")
set(CPACK_DEBIAN_COMMAND_PACKAGE_SUGGESTS "softhsm2, opensc-pkcs11, p11-kit")
set(debian_files ${PROJECT_BINARY_DIR}/packaging)
foreach(script IN ITEMS preinst postrm)
	configure_file(src/packaging/${script}.in ${debian_files}/${script} @ONLY)
	list(APPEND CPACK_DEBIAN_COMMAND_PACKAGE_CONTROL_EXTRA ${debian_files}/${script})
endforeach()
set(CPACK_DEBIAN_COMMAND_DESCRIPTION "superadmin tokens for Chronograf, signed inside the HSM
chronoctl prints the tokens by which scripts and services sign in to
Chronograf, the dashboard server of InfluxData. The private key is in a
file, or in a smartcard, TPM or HSM, named by a PKCS#11 URI.")

set(CPACK_DEBIAN_LIBRARY_PACKAGE_NAME ${library_package})
set(CPACK_DEBIAN_LIBRARY_PACKAGE_SECTION libs)
set(CPACK_DEBIAN_LIBRARY_PACKAGE_CONTROL_EXTRA ${PROJECT_SOURCE_DIR}/src/packaging/triggers)
set(CPACK_DEBIAN_PACKAGE_GENERATE_SHLIBS ON)
set(CPACK_DEBIAN_PACKAGE_GENERATE_SHLIBS_POLICY ">=")
set(CPACK_DEBIAN_LIBRARY_DESCRIPTION "sign Chronograf's nonces by a key in a file or HSM
libchronosign does for programs what chronoctl does for scripts: it fetches
a nonce in a process of its own, reaches a key by path or PKCS#11 URI,
signs, and verifies the signature.")

set(CPACK_DEBIAN_DEVELOPMENT_PACKAGE_NAME libchronosign-dev)
set(CPACK_DEBIAN_DEVELOPMENT_PACKAGE_SECTION libdevel)
set(CPACK_DEBIAN_DEVELOPMENT_PACKAGE_DEPENDS "${library_package} ${exactly}, libssl-dev")
set(CPACK_DEBIAN_DEVELOPMENT_DESCRIPTION "sign Chronograf's nonces by a key in a file or HSM - headers
libchronosign does for programs what chronoctl does for scripts.
This package has its headers, manual page and examples.")

# The date of the changelog is that of the release.
configure_file(src/packaging/changelog.in ${debian_files}/changelog @ONLY)
foreach(pair IN ITEMS "command ${DOC_COMMAND}" "library ${DOC_LIBRARY}" "development ${DOC_DEVELOPMENT}")
	string(REPLACE " " ";" pair ${pair})
	list(POP_FRONT pair component folder)
	install(FILES src/packaging/copyright DESTINATION ${folder} COMPONENT ${component})
	compress(${debian_files}/changelog changelog.Debian ${folder} ${component})
	compress(${PROJECT_SOURCE_DIR}/CHANGELOG.md changelog ${folder} ${component})
endforeach()

include(CPack)
