using Registry.Storage.Contracts;

namespace Registry.Core.Tests.Storage.FileSystem;

public sealed class FileSystemBlobStoreTests() : BlobStoreContract(new FileSystemEngine());
