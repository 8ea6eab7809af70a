package main

import (
	"path/filepath"
	"testing"

	"google.golang.org/grpc"
	"google.golang.org/grpc/credentials/insecure"
	"google.golang.org/grpc/reflection/grpc_reflection_v1"
	"google.golang.org/protobuf/proto"
	"google.golang.org/protobuf/types/descriptorpb"
)

// TestReflection_DescribesTheExportCalls, so that grpcurl can send to them.
func TestReflection_DescribesTheExportCalls(t *testing.T) {
	p := startServe(t, filepath.Join(t.TempDir(), "data"))
	conn, err := grpc.NewClient("passthrough:///"+p.otlpGRPC, grpc.WithTransportCredentials(insecure.NewCredentials()))
	if err != nil {
		t.Fatal(err)
	}
	defer conn.Close()
	s, err := grpc_reflection_v1.NewServerReflectionClient(conn).ServerReflectionInfo(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	for _, service := range []string{"trace.v1.TraceService", "logs.v1.LogsService", "metrics.v1.MetricsService"} {
		if err := s.Send(&grpc_reflection_v1.ServerReflectionRequest{
			MessageRequest: &grpc_reflection_v1.ServerReflectionRequest_FileContainingSymbol{FileContainingSymbol: "opentelemetry.proto.collector." + service},
		}); err != nil {
			t.Fatal(err)
		}
		r, err := s.Recv()
		if err != nil {
			t.Fatal(err)
		}
		files := r.GetFileDescriptorResponse().GetFileDescriptorProto()
		d := &descriptorpb.FileDescriptorProto{}
		if len(files) == 0 || proto.Unmarshal(files[0], d) != nil || d.GetService()[0].GetMethod()[0].GetName() != "Export" {
			t.Errorf("%s: %v", service, r)
		}
	}
	_ = s.CloseSend()
	p.stop(t)
}
