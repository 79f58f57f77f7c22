//go:build module

// The token as a PKCS#11 module. What needs no Go is in module.c.
package main

// #cgo pkg-config: p11-kit-1
// #cgo CFLAGS: -std=c17 -Wall
// #include <p11-kit/pkcs11.h>
import "C"

import (
	"os"
	"syscall"
	"unsafe"
)

func main() {}

var held = newToken()

//export goInitialize
func goInitialize() C.ulong { return C.ulong(held.initialize()) }

//export goFinalize
func goFinalize() C.ulong { return C.ulong(held.finalize()) }

//export goOpen
func goOpen() C.ulong { return C.ulong(held.open()) }

//export goClose
func goClose(handle C.ulong) C.ulong { return C.ulong(held.closeSession(uint64(handle))) }

//export goCloseAll
func goCloseAll() { held.closeAll() }

//export goState
func goState() C.ulong { return C.ulong(held.state()) }

//export goLogin
func goLogin(pin unsafe.Pointer, length C.ulong) C.ulong {
	return C.ulong(held.login(string(C.GoBytes(pin, C.int(length)))))
}

//export goLogout
func goLogout() C.ulong { return C.ulong(held.logout()) }

func attributes(pointer unsafe.Pointer, count C.ulong) []C.CK_ATTRIBUTE {
	return unsafe.Slice((*C.CK_ATTRIBUTE)(pointer), int(count))
}

//export goFindInit
func goFindInit(handle C.ulong, pointer unsafe.Pointer, count C.ulong) C.ulong {
	template := map[uint64][]byte{}
	for _, one := range attributes(pointer, count) {
		template[uint64(one._type)] = C.GoBytes(unsafe.Pointer(one.pValue), C.int(one.ulValueLen))
	}
	return C.ulong(held.findInit(uint64(handle), template))
}

//export goFind
func goFind(handle C.ulong, pointer unsafe.Pointer, most C.ulong) C.ulong {
	found := held.find(uint64(handle), uint64(most))
	copy(unsafe.Slice((*uint64)(pointer), int(most)), found)
	return C.ulong(len(found))
}

//export goAttributes
func goAttributes(object C.ulong, pointer unsafe.Pointer, count C.ulong) C.ulong {
	result := uint64(ckrOK)
	list := attributes(pointer, count)
	for i := range list {
		value := held.attribute(uint64(object), uint64(list[i]._type))
		room := uint64(list[i].ulValueLen)
		list[i].ulValueLen = C.ulong(len(value))
		switch {
		case value == nil:
			list[i].ulValueLen = ^C.ulong(0)
			result = ckrAttributeTypeBad
		case list[i].pValue == nil:
		case room < uint64(len(value)):
			list[i].ulValueLen = ^C.ulong(0)
			result = ckrBufferTooSmall
		default:
			copy(unsafe.Slice((*byte)(unsafe.Pointer(list[i].pValue)), len(value)), value)
		}
	}
	return C.ulong(result)
}

//export goSignInit
func goSignInit(handle, mechanism, object C.ulong) C.ulong {
	return C.ulong(held.signInit(uint64(handle), uint64(mechanism), uint64(object)))
}

//export goSignUpdate
func goSignUpdate(handle C.ulong, data unsafe.Pointer, length C.ulong) C.ulong {
	return C.ulong(held.signUpdate(uint64(handle), C.GoBytes(data, C.int(length))))
}

// What GO_TOKEN_FAULT names happens instead of a signature.
func fail() {
	switch os.Getenv("GO_TOKEN_FAULT") {
	case "panic":
		panic("the token is broken")
	case "nil":
		*(*int)(nil) = 1
	case "exit":
		os.Exit(0)
	case "pipe":
		_, _ = syscall.Write(1, []byte("what a module prints\n"))
	case "child":
		child, err := os.StartProcess("/bin/true", []string{"true"}, &os.ProcAttr{})
		if err == nil {
			_, _ = child.Wait()
		}
	case "hang":
		select {}
	}
}

//export goSign
func goSign(handle C.ulong, data unsafe.Pointer, length C.ulong, signature unsafe.Pointer, room *C.ulong) C.ulong {
	if signature == nil {
		*room = C.ulong(held.signatureLength())
		return ckrOK
	}
	fail()
	made, result := held.sign(uint64(handle), C.GoBytes(data, C.int(length)))
	if result == ckrOK && uint64(*room) < uint64(len(made)) {
		return ckrBufferTooSmall
	}
	if result == ckrOK {
		*room = C.ulong(len(made))
		copy(unsafe.Slice((*byte)(signature), len(made)), made)
	}
	held.signed(uint64(handle))
	return C.ulong(result)
}
