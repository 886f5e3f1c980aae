using Registry.Storage.Contracts.Bytes;

namespace Registry.Storage.S3.Tests.Blobs;

public sealed class S3SourceTests(Gateway gateway) : BlobSourceContract(new S3Engine(gateway.NewSettings()));
