using Registry.Core.Errors;
using Registry.Core.Metadata;
using Registry.Core.Policies;
using Registry.Core.Policies.Rules;

namespace Registry.Storage.Postgres.Policies;

/// <summary>The quotas of a push, in a transaction that shares them with others or has them for itself.</summary>
/// <param name="quotas">The rules with a quota of its repository.</param>
/// <param name="isAlone">True to have them for itself.</param>
internal sealed class QuotaTurn(IReadOnlyList<PolicyRule> quotas, bool isAlone)
{
    private List<long> _before = [];

    /// <summary>True if the push must be repeated with the quotas for itself. Its transaction is abandoned.</summary>
    public bool MustRepeat { get; private set; }

    /// <summary>Collects the statements before the push: the locks, and what its repository refers to.</summary>
    public void Begin(PostgresSession session, ManifestPut put)
    {
        MustRepeat = false;
        if (quotas.Count > 0)
        {
            QuotaRows.Lock(session, quotas, isAlone);
            _before = QuotaRows.Ask(session, put.Repository);
        }
    }

    /// <summary>Asks the rules about what the push has added, after its statements. Without quotas, it sends nothing.</summary>
    /// <returns>The refusal; null if there is none, or the push must be repeated.</returns>
    public async Task<RegistryError?> FindRefusalAsync(PostgresSession session, IChangeRules rules, ManifestPut put)
    {
        if (quotas.Count == 0)
        {
            return null;
        }

        var after = QuotaRows.Ask(session, put.Repository);
        await session.SendAsync();
        var (refused, isFar) = await QuotaRows.FindRefusalAsync(session, rules, quotas, put.Repository, after.Sum() - _before.Sum(), isAdded: true);
        if (refused is null && !isFar && !isAlone)
        {
            MustRepeat = true;
            session.Abandon();
        }

        return refused;
    }
}
