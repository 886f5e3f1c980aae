using Registry.Core.Errors;
using Registry.Core.Metadata;
using Registry.Core.Oci;
using Registry.Core.Policies;
using Registry.Core.Policies.Rules;
using Registry.Storage.Sqlite.Rows;

namespace Registry.Storage.Sqlite.Policies;

/// <summary>The quotas of a push, from before its rows are written until after.</summary>
/// <param name="Quotas">The rules with a quota of its repository.</param>
/// <param name="Repository">Its repository.</param>
/// <param name="RepositoryId">Row of the repository.</param>
/// <param name="Before">Bytes that the repository referred to before.</param>
internal readonly record struct QuotaTurn(IReadOnlyList<PolicyRule> Quotas, RepositoryName Repository, long RepositoryId, long Before)
{
    /// <summary>Notes what a repository refers to before a push.</summary>
    public static QuotaTurn Begin(SqliteSession session, ChangeContext change, ManifestPut put, long repositoryId)
    {
        var quotas = change.Rules.FindQuotas(put.Repository, put.Origin);
        return new QuotaTurn(quotas, put.Repository, repositoryId, quotas.Count == 0 ? 0 : QuotaRows.Read(session, repositoryId));
    }

    /// <summary>Asks the rules about what the push has added.</summary>
    /// <returns>The refusal; null if there is none.</returns>
    public RegistryError? FindRefusal(SqliteSession session, IChangeRules rules) => Quotas.Count == 0
        ? null
        : QuotaRows.FindRefusal(session, rules, Quotas, Repository, QuotaRows.Read(session, RepositoryId) - Before, isAdded: true);
}
