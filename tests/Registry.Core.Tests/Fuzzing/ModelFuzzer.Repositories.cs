using Registry.Core.Errors;
using Registry.Storage.Contracts;

namespace Registry.Core.Tests.Fuzzing;

/// <summary>Renames and deletions of whole repositories.</summary>
internal sealed partial class ModelFuzzer
{
    private async Task RenameRepositoryAsync()
    {
        var (name, newName) = (AnyRepository(), AnyRepository());
        Trace($"rename {name} to {newName}");
        var error = await Core.Repositories.RenameAsync(name, newName, _ => true, ContractOrigin.Request);
        ExpectError(
            name == newName ? RegistryErrorCode.BadRequest
            : !_model[name].IsKnown ? RegistryErrorCode.NameUnknown
            : !_model[newName].IsEmpty ? RegistryErrorCode.RenameImpossible
            : null,
            error);
        if (error is null)
        {
            _model.Rename(name, newName);
            Expect(
                (await Core.Repositories.DescribeRenameAsync(name, _ => true))!.Contains($" renamed to {newName} ", StringComparison.Ordinal),
                $"nothing tells that {name} was renamed to {newName}");
        }
    }

    private async Task DeleteRepositoryAsync()
    {
        var name = AnyRepository();
        var repository = _model[name];
        Trace($"delete the repository {name}");

        // As each request has an id of its own: what one deletes together was there together.
        var origin = ContractOrigin.Request with { Request = $"deletion {Count}" };
        var result = await Core.Repositories.DeleteAsync(name, _ => true, origin, default);
        ExpectError(repository.IsKnown ? null : RegistryErrorCode.NameUnknown, result.Error);
        if (!repository.IsKnown)
        {
            return;
        }

        var (manifests, tags, links) = (repository.Manifests.Count, repository.Tags.Count, repository.Links.Count);
        repository.DeleteAll(_trash > TimeSpan.Zero, _model.Now, _model.EndOfGrace);
        var deletion = result.Value;
        Expect(
            (deletion.Manifests, deletion.Tags, deletion.Blobs, deletion.Trashed) == (manifests, tags, links - repository.Links.Count, _trash > TimeSpan.Zero ? manifests : 0),
            $"expected {manifests} manifests, {tags} tags and {links - repository.Links.Count} blobs to be deleted, got {deletion}");
        Expect(deletion is { IsGone: true, Stopped: null, Fault: null }, $"{name} is not gone: {deletion}");
    }
}
