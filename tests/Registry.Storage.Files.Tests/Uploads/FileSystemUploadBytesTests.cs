using Registry.Storage.Contracts.Bytes;

namespace Registry.Storage.Files.Tests.Uploads;

public sealed class FileSystemUploadBytesTests() : UploadBytesContract(new FileSystemEngine());
