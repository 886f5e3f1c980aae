using Registry.Storage.Contracts;

namespace Registry.Core.Tests.Storage.FileSystem;

public sealed class FileSystemUploadBytesTests() : UploadBytesContract(new FileSystemEngine());
