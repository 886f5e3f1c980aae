using Registry.Storage.Contracts.Bytes;

namespace Registry.Storage.S3.Tests.Uploads;

public sealed class UploadsInS3Tests(Gateway gateway) : UploadStoreContract(new S3Engine(gateway.NewSettings()));
