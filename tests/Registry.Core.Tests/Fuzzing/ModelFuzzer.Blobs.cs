using Registry.Core.Errors;
using Registry.Core.Oci;
using Registry.Core.Uploads;
using Registry.Storage.Contracts;
using Registry.Storage.Contracts.Bytes;

namespace Registry.Core.Tests.Fuzzing;

/// <summary>The operations on blobs and uploads.</summary>
internal sealed partial class ModelFuzzer
{
    private const int MaxUploads = 8;
    private const string User = "somebody";

    private async Task PushBlobAsync()
    {
        var (name, content) = (AnyRepository(), AnyBlob());
        var digest = OneIn(15) ? AnyBlob().Digest : content.Digest;
        Trace($"push {content} to {name} as {digest}");
        var error = (await Core.Uploads.PushAsync(name, digest, null, Samples.Body(content.Bytes), default)).Error;
        if (digest.Algorithm.Compute(content.Bytes) != digest)
        {
            ExpectError(RegistryErrorCode.DigestMismatch, error);
            return;
        }

        ExpectError(null, error);
        _model[name].Keep(digest, _model.EndOfGrace);
    }

    private async Task MountAsync()
    {
        var (target, digest) = (AnyRepository(), AnyBlob().Digest);
        RepositoryName? source = OneIn(2) ? null : AnyRepository();
        var denied = AnyRepository();
        Trace($"mount {digest} to {target} from {source?.Value ?? "anywhere"} but {denied}");
        var result = await Core.Uploads.MountAsync(target, source, digest, name => name != denied);
        ExpectError(null, result.Error);
        var expected = _universe.Repositories.Any(name => name != denied && (source is null || source == name) && _model[name].Sees(digest));
        Expect(expected == result.Value, $"expected the mount to be {expected}");
        if (expected)
        {
            _model[target].Keep(digest, _model.EndOfGrace);
        }
    }

    private async Task HeadBlobAsync()
    {
        var (name, content) = (AnyRepository(), AnyBlob());
        Trace($"HEAD {content} in {name}");
        var result = await Core.Blobs.StatAsync(name, content.Digest);
        if (!_model[name].Sees(content.Digest))
        {
            ExpectError(RegistryErrorCode.BlobUnknown, result.Error);
            return;
        }

        ExpectError(null, result.Error);
        Expect(result.Value == content.Bytes.Length, $"expected {content.Bytes.Length} bytes, got {result.Value}");
        _model[name].Keep(content.Digest, _model.EndOfPromise);
    }

    private async Task GetBlobAsync()
    {
        var (name, content) = (AnyRepository(), AnyBlob());
        Trace($"GET {content} of {name}");
        await CompareBlobAsync(name, content);
    }

    private async Task DeleteBlobAsync()
    {
        var (name, digest) = (AnyRepository(), AnyBlob().Digest);
        Trace($"delete {digest} of {name}");
        var repository = _model[name];
        var error = (await Core.Blobs.DeleteAsync(name, digest)).Error;
        ExpectError(
            !repository.Sees(digest) ? RegistryErrorCode.BlobUnknown : repository.Uses(digest) ? RegistryErrorCode.BlobInUse : null, error);
        if (error is null)
        {
            repository.Unlink(digest);
        }
    }

    private async Task BeginUploadAsync()
    {
        if (_model.Uploads.Count == MaxUploads)
        {
            return;
        }

        var (name, content, owner) = (AnyRepository(), AnyBlob(), OneIn(2) ? User : null);
        Trace($"begin an upload of {content} to {name}");
        var begun = await Core.Uploads.BeginAsync(name, owner, Any(DigestAlgorithm.All));
        ExpectError(null, begun.Error);
        _model.Uploads.Add(new ModelUpload(begun.Value.Id, name, owner, content) { LastUsed = _model.Now });
    }

    private async Task AppendAsync()
    {
        if (_model.Uploads.Count == 0)
        {
            return;
        }

        var upload = Any(_model.Uploads);
        var chunk = upload.Content.Bytes.AsMemory(upload.Length, _random.Next(upload.Left + 1)).ToArray();
        var place = AnyPlace(upload, chunk);
        var name = OneIn(20) ? AnyRepository() : upload.Repository;
        var owner = OneIn(20) ? null : upload.Owner;
        Trace($"append {chunk.Length} bytes to an upload to {upload.Repository} at {upload.Length}, as {place}");
        var result = await Core.Uploads.AppendAsync(name, owner, upload.Id, place, Samples.Body(chunk), default);
        if (name != upload.Repository || owner != upload.Owner)
        {
            ExpectError(RegistryErrorCode.UploadUnknown, result.Error);
            return;
        }

        upload.LastUsed = _model.Now;
        if (!upload.Fits(place, chunk.Length))
        {
            ExpectError(RegistryErrorCode.UploadOutOfOrder, result.Error);
            await ExpectLengthAsync(upload);
            return;
        }

        ExpectError(null, result.Error);
        upload.Length += chunk.Length;
        Expect(result.Value == upload.Length, $"expected {upload.Length} bytes received, got {result.Value}");
    }

    private async Task CompleteAsync()
    {
        if (_model.Uploads.Count == 0)
        {
            return;
        }

        var upload = Any(_model.Uploads);
        var rest = upload.Content.Bytes[upload.Length..];
        var digest = OneIn(6) ? AnyBlob().Digest : upload.Content.Digest;
        var place = AnyPlace(upload, rest);
        Trace($"complete an upload to {upload.Repository} at {upload.Length} with {rest.Length} bytes as {digest}, as {place}");
        var error = (await Core.Uploads.CompleteAsync(upload.Repository, upload.Owner, upload.Id, digest, place, Samples.Body(rest), default)).Error;
        upload.LastUsed = _model.Now;
        var expected = !upload.Fits(place, rest.Length) ? RegistryErrorCode.UploadOutOfOrder
            : digest.Algorithm.Compute(upload.Content.Bytes) != digest ? RegistryErrorCode.DigestMismatch
            : null;
        ExpectError(expected, error);
        if (expected is not null)
        {
            await ExpectLengthAsync(upload);
            return;
        }

        _model.Uploads.Remove(upload);
        _model[upload.Repository].Keep(digest, _model.EndOfGrace);
    }

    // The client goes away in the middle: of an append what arrived is kept, of a completion nothing, and either may be sent again as it was.
    private async Task BreakOffAsync()
    {
        if (_model.Uploads.Count == 0)
        {
            return;
        }

        var upload = Any(_model.Uploads);
        var (isAppend, arrived) = (OneIn(2), _random.Next(upload.Left + 1));
        var rest = upload.Content.Bytes.AsMemory(upload.Length, arrived).ToArray();
        var place = new ChunkPlace(upload.Length, null, upload.Left + 1);
        Trace($"break off {(isAppend ? "an append to" : "the completion of")} an upload to {upload.Repository} at {upload.Length} after {arrived} bytes");
        try
        {
            var body = BreakingBody.Create(overStream: OneIn(2), rest);
            _ = isAppend
                ? (await Core.Uploads.AppendAsync(upload.Repository, upload.Owner, upload.Id, place, body, default)).Error
                : (await Core.Uploads.CompleteAsync(upload.Repository, upload.Owner, upload.Id, upload.Content.Digest, place, body, default)).Error;
            Expect(false, "expected the fault of the body");
        }
        catch (IOException e) when (e.Message == BreakingBody.Message)
        {
            upload.LastUsed = _model.Now;
            upload.Length += isAppend ? arrived : 0;
            await ExpectLengthAsync(upload);
        }
    }

    // Mostly where the upload ends; sometimes at the place of an earlier answer, or of a chunk that is missing, or with another end.
    private ChunkPlace AnyPlace(ModelUpload upload, byte[] chunk)
    {
        var position = upload.Length - (OneIn(8) ? _random.Next(-1, Math.Min(3, upload.Length + 1)) : 0);
        var first = upload.Length + (OneIn(8) ? _random.Next(-2, 3) : 0);
        var last = first + chunk.Length - 1 + (OneIn(8) ? _random.Next(-1, 2) : 0);
        return new ChunkPlace(
            OneIn(3) ? null : position, OneIn(2) ? null : new ChunkRange(first, last), OneIn(2) ? null : chunk.Length);
    }

    private async Task ExpectLengthAsync(ModelUpload upload)
    {
        var session = await Core.Uploads.StatAsync(upload.Repository, upload.Owner, upload.Id);
        Expect(session.Value.Length == upload.Length, $"expected {upload.Length} bytes received, got {session.Value.Length}");
    }

    private async Task CancelAsync()
    {
        if (_model.Uploads.Count == 0)
        {
            return;
        }

        var upload = Any(_model.Uploads);
        Trace($"cancel an upload to {upload.Repository}");
        ExpectError(null, await Core.Uploads.CancelAsync(upload.Repository, upload.Owner, upload.Id));
        _model.Uploads.Remove(upload);
    }

    private async Task CompareBlobAsync(RepositoryName name, FuzzContent content)
    {
        var result = await Core.Blobs.OpenAsync(name, content.Digest);
        if (!result.TryGet(out var opened, out var error))
        {
            Expect(!_model[name].Sees(content.Digest), $"{name} has lost the blob {content}: {error}");
            ExpectError(RegistryErrorCode.BlobUnknown, error);
            return;
        }

        var bytes = await TestStorage.ReadAsync(opened);
        Expect(_model[name].Sees(content.Digest), $"{name} shows the blob {content}, which is not there");
        Expect(content.Bytes.AsSpan().SequenceEqual(bytes), $"{name} has other bytes for the blob {content}");
    }
}
