using Registry.Storage.Contracts.Bytes;

namespace Registry.Storage.S3.Tests.Uploads;

public sealed class S3UploadBytesTests(Gateway gateway) : UploadBytesContract(new S3Engine(gateway.NewSettings()));
