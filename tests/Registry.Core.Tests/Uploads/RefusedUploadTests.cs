using Registry.Core.Errors;
using Registry.Core.Oci;
using Registry.Core.SmallContent;
using Registry.Core.Storage;
using Registry.Core.Uploads;
using Registry.Storage.Contracts;

namespace Registry.Core.Tests.Uploads;

/// <summary>Uploads whose blob a rule refuses.</summary>
public sealed class RefusedUploadTests
{
    private static readonly RepositoryName A = Samples.Repository("a");

    [Fact]
    public async Task The_session_of_a_large_blob_that_a_rule_refuses_after_all_does_not_come_back_after_a_restart()
    {
        var content = Samples.Bytes(1, 20_000);
        var rules = new ContractRules();
        await using var storage = new TestStorage(rules: rules);

        // As a limit that another push reaches after the check and before the transaction.
        rules.Blob = change => File.Exists(storage.Paths.BlobData(change.Digest)) ? new RegistryError(RegistryErrorCode.Denied) : null;
        await storage.Indexer.RunAsync(default);
        var session = (await storage.Uploads.BeginAsync(A, null, DigestAlgorithm.Sha256)).Value;

        var completed = await storage.Uploads.CompleteAsync(
            A, null, session.Id, Samples.Digest(content), new ChunkPlace { Position = 0, Length = content.Length }, Samples.Body(content), default);

        Assert.Same(RegistryErrorCode.Denied, completed.Error?.Code);
        Assert.Null(await storage.Storage.Uploads.FindAsync(session.Id));
        await storage.ReopenAsync();
        Assert.Null(await storage.Storage.Uploads.FindAsync(session.Id));
    }

    [Theory]
    [InlineData(20_000)]
    [InlineData(200)]
    public async Task An_upload_whose_blob_could_not_be_linked_goes_on(int size)
    {
        var content = Samples.Bytes(1, size);

        // A large one is asked about before its bytes become a blob, too.
        var asked = size > Staging.MaxSize ? -1 : 0;
        var rules = new ContractRules { Blob = _ => ++asked == 1 ? throw new StorageException("the disk is broken") : null };
        await using var storage = new TestStorage(rules: rules);
        await storage.Indexer.RunAsync(default);
        var session = (await storage.Uploads.BeginAsync(A, null, DigestAlgorithm.Sha256)).Value;

        await Assert.ThrowsAsync<StorageException>(CompleteAsync);

        Assert.Equal(0, (await storage.Storage.Uploads.FindAsync(session.Id))!.Length);
        Assert.Equal(size, (await CompleteAsync()).Value);
        Assert.Equal(0, storage.Storage.Uploads.Count);
        await storage.ReopenAsync();
        Assert.Equal(0, storage.Storage.Uploads.Count);

        Task<Result<long>> CompleteAsync() => storage.Uploads.CompleteAsync(
            A, null, session.Id, Samples.Digest(content), new ChunkPlace { Position = 0, Length = size }, Samples.Body(content), default);
    }
}
