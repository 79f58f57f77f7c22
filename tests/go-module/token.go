// A token written in Go, with one RSA key, for the two ways to it: module.go, a PKCS#11 module with a Go run-time in
// it, and server.go, which speaks p11-kit's RPC. What is not needed to list, log in and sign is not there.
package main

import (
	"crypto"
	"crypto/rand"
	"crypto/rsa"
	"crypto/sha256"
	"crypto/x509"
	"encoding/binary"
	"encoding/pem"
	"os"
	"os/signal"
	"runtime"
	"sync"
	"syscall"
	"time"
)

// PKCS#11 v2.40, §A.
const (
	ckrOK                  = 0x00
	ckrGeneralError        = 0x05
	ckrAttributeTypeBad    = 0x12
	ckrDataLenRange        = 0x21
	ckrFunctionUnsupported = 0x54
	ckrKeyHandle           = 0x60
	ckrMechanism           = 0x70
	ckrNotInitialized      = 0x91
	ckrPinIncorrect        = 0xa0
	ckrSessionHandle       = 0xb3
	ckrLoggedIn            = 0x100
	ckrNotLoggedIn         = 0x101
	ckrBufferTooSmall      = 0x150

	ckmRSA       = 0x01
	ckmSHA256RSA = 0x40

	publicKey  = 1
	privateKey = 2

	unavailable = ^uint64(0)
)

type session struct {
	found     []uint64
	mechanism uint64
	signing   bool
	data      []byte
}

// As one application sees it.
type token struct {
	lock     sync.Mutex
	key      *rsa.PrivateKey
	objects  map[uint64]map[uint64][]byte
	sessions map[uint64]*session
	next     uint64
	loggedIn bool
}

func newToken() *token { return &token{sessions: map[uint64]*session{}} }

// What a module of a vendor might do to its process: threads, timers, a collector that moves, children, handlers.
func init() {
	for i := 0; i < 2*runtime.NumCPU(); i++ {
		go func() {
			for range time.Tick(time.Millisecond) {
				_ = make([]byte, 1<<16)
			}
		}()
	}
	if os.Getenv("GO_TOKEN_SIGNALS") != "" {
		signals := make(chan os.Signal, 64)
		signal.Notify(signals, syscall.SIGCHLD, syscall.SIGPIPE, syscall.SIGURG)
		go func() {
			for range signals {
			}
		}()
	}
}

func number(value uint64) []byte { return binary.LittleEndian.AppendUint64(nil, value) }

func flags(values map[uint64][]byte, value byte, types ...uint64) {
	for _, attribute := range types {
		values[attribute] = []byte{value}
	}
}

func (t *token) initialize() uint64 {
	t.lock.Lock()
	defer t.lock.Unlock()
	text, err := os.ReadFile(os.Getenv("GO_TOKEN_KEY"))
	if err != nil {
		return ckrGeneralError
	}
	block, _ := pem.Decode(text)
	if block == nil {
		return ckrGeneralError
	}
	if t.key, err = x509.ParsePKCS1PrivateKey(block.Bytes); err != nil {
		return ckrGeneralError
	}
	public, private := map[uint64][]byte{}, map[uint64][]byte{}
	for _, values := range []map[uint64][]byte{public, private} {
		values[0x003] = []byte("chronograf") // CKA_LABEL
		values[0x100] = number(0)            // CKA_KEY_TYPE: CKK_RSA
		values[0x102] = []byte{0xa1}         // CKA_ID
		values[0x120] = t.key.N.Bytes()
		values[0x122] = []byte{1, 0, 1}
		flags(values, 1, 0x001)               // CKA_TOKEN
		flags(values, 0, 0x10c, 0x163, 0x170) // CKA_DERIVE, CKA_LOCAL, CKA_MODIFIABLE
	}
	public[0x000], private[0x000] = number(2), number(3)
	public[0x121] = number(uint64(t.key.N.BitLen()))
	flags(public, 1, 0x10a)                                            // CKA_VERIFY
	flags(public, 0, 0x002, 0x104, 0x106, 0x10b)                       // CKA_PRIVATE, ENCRYPT, WRAP, VERIFY_RECOVER
	flags(private, 1, 0x002, 0x103, 0x108, 0x164, 0x165)               // SENSITIVE, SIGN, NEVER_EXTRACTABLE, ALWAYS_SENSITIVE
	flags(private, 0, 0x105, 0x107, 0x109, 0x162, 0x202, 0x210, 0x171) // DECRYPT, UNWRAP, EXTRACTABLE, ALWAYS_AUTHENTICATE
	t.objects = map[uint64]map[uint64][]byte{publicKey: public, privateKey: private}
	return ckrOK
}

func (t *token) finalize() uint64 {
	t.lock.Lock()
	defer t.lock.Unlock()
	if t.objects == nil {
		return ckrNotInitialized
	}
	t.objects, t.sessions, t.loggedIn = nil, map[uint64]*session{}, false
	return ckrOK
}

func (t *token) open() uint64 {
	t.lock.Lock()
	defer t.lock.Unlock()
	t.next++
	t.sessions[t.next] = &session{}
	return t.next
}

func (t *token) closeSession(handle uint64) uint64 {
	t.lock.Lock()
	defer t.lock.Unlock()
	if t.sessions[handle] == nil {
		return ckrSessionHandle
	}
	delete(t.sessions, handle)
	if len(t.sessions) == 0 {
		t.loggedIn = false
	}
	return ckrOK
}

func (t *token) closeAll() {
	t.lock.Lock()
	defer t.lock.Unlock()
	t.sessions, t.loggedIn = map[uint64]*session{}, false
}

// CKS_RO_PUBLIC_SESSION, CKS_RO_USER_FUNCTIONS.
func (t *token) state() uint64 {
	if t.loggedIn {
		return 1
	}
	return 0
}

func (t *token) login(pin string) uint64 {
	t.lock.Lock()
	defer t.lock.Unlock()
	if t.loggedIn {
		return ckrLoggedIn
	}
	if pin != "20394" {
		return ckrPinIncorrect
	}
	t.loggedIn = true
	return ckrOK
}

func (t *token) logout() uint64 {
	t.lock.Lock()
	defer t.lock.Unlock()
	if !t.loggedIn {
		return ckrNotLoggedIn
	}
	t.loggedIn = false
	return ckrOK
}

func matches(values, template map[uint64][]byte) bool {
	for attribute, value := range template {
		if have, there := values[attribute]; !there || string(have) != string(value) {
			return false
		}
	}
	return true
}

func (t *token) visible(handle uint64) bool {
	return handle == publicKey || (handle == privateKey && t.loggedIn)
}

func (t *token) findInit(handle uint64, template map[uint64][]byte) uint64 {
	t.lock.Lock()
	defer t.lock.Unlock()
	in := t.sessions[handle]
	if in == nil {
		return ckrSessionHandle
	}
	in.found = nil
	for _, object := range []uint64{publicKey, privateKey} {
		if t.visible(object) && matches(t.objects[object], template) {
			in.found = append(in.found, object)
		}
	}
	return ckrOK
}

func (t *token) find(handle, most uint64) []uint64 {
	t.lock.Lock()
	defer t.lock.Unlock()
	in := t.sessions[handle]
	if in == nil {
		return nil
	}
	if most > uint64(len(in.found)) {
		most = uint64(len(in.found))
	}
	found := in.found[:most]
	in.found = in.found[most:]
	return found
}

// The value as a module has it: numbers in the machine's order. nil: there is none.
func (t *token) attribute(object, kind uint64) []byte {
	t.lock.Lock()
	defer t.lock.Unlock()
	if !t.visible(object) {
		return nil
	}
	return t.objects[object][kind]
}

func (t *token) signInit(handle, mechanism, object uint64) uint64 {
	t.lock.Lock()
	defer t.lock.Unlock()
	in := t.sessions[handle]
	switch {
	case in == nil:
		return ckrSessionHandle
	case object != privateKey || !t.loggedIn:
		return ckrKeyHandle
	case mechanism != ckmRSA && mechanism != ckmSHA256RSA:
		return ckrMechanism
	}
	in.mechanism, in.signing, in.data = mechanism, true, nil
	return ckrOK
}

func (t *token) signUpdate(handle uint64, data []byte) uint64 {
	t.lock.Lock()
	defer t.lock.Unlock()
	in := t.sessions[handle]
	if in == nil || !in.signing {
		return ckrSessionHandle
	}
	in.data = append(in.data, data...)
	return ckrOK
}

// Of another thread than the caller's, as a module does that keeps a queue.
func (t *token) sign(handle uint64, data []byte) ([]byte, uint64) {
	t.lock.Lock()
	defer t.lock.Unlock()
	in := t.sessions[handle]
	if in == nil || !in.signing {
		return nil, ckrSessionHandle
	}
	data = append(in.data, data...)
	hash, digest := crypto.Hash(0), data
	if in.mechanism == ckmSHA256RSA {
		sum := sha256.Sum256(data)
		hash, digest = crypto.SHA256, sum[:]
	}
	result := make(chan []byte)
	go func() {
		runtime.LockOSThread()
		runtime.GC()
		signature, err := rsa.SignPKCS1v15(rand.Reader, t.key, hash, digest)
		if err != nil {
			signature = nil
		}
		result <- signature
	}()
	if signature := <-result; signature != nil {
		return signature, ckrOK
	}
	return nil, ckrDataLenRange
}

func (t *token) signed(handle uint64) {
	t.lock.Lock()
	defer t.lock.Unlock()
	if in := t.sessions[handle]; in != nil {
		in.signing = false
	}
}

func (t *token) signatureLength() uint64 { return uint64((t.key.N.BitLen() + 7) / 8) }
