using Registry.Core.Changes;
using Registry.Core.Errors;
using Registry.Core.History;
using Registry.Core.Oci;
using Registry.Storage.Contracts;

namespace Registry.Core.Tests.Fuzzing;

#pragma warning disable CA5394 // No secrets: the same seed makes the same operations.

/// <summary>The history of tags, and rollbacks.</summary>
internal sealed partial class ModelFuzzer
{
    private async Task RollBackAsync()
    {
        var (name, tag, content) = (AnyRepository(), Any(_universe.Tags), Any(_universe.Manifests));
        var repository = _model[name];
        var current = repository.Find(tag);
        var at = AnyTime(repository.History[tag]);
        var (target, digest) = _random.Next(3) switch
        {
            0 => (RollbackTarget.Previous, repository.History.FindPrevious(tag, current)),
            1 => (RollbackTarget.At(at), repository.History.FindAt(tag, at, current)),
            _ => (RollbackTarget.To(content.Digest), (Digest?)content.Digest),
        };
        var precondition = AnyPrecondition();
        Trace($"roll {name} {tag} back to {digest} by {target} if {precondition}");
        var result = await Core.Rollbacks.RollBackAsync(name, tag, target, precondition, ContractOrigin.Request, default);
        if (!precondition.Holds(current))
        {
            ExpectError(RegistryErrorCode.PreconditionFailed, result.Error);
        }
        else if (current is null && repository.History[tag].Count == 0)
        {
            ExpectError(RegistryErrorCode.ManifestUnknown, result.Error);
        }
        else if (digest is not { } expected)
        {
            ExpectError(RegistryErrorCode.RollbackImpossible, result.Error);
        }
        else if (expected != current && !repository.Manifests.ContainsKey(expected) && repository.Trash.TryGetValue(expected, out var entry))
        {
            var isComplete = repository.FindMissing(entry).Count == 0;
            ExpectError(isComplete ? null : RegistryErrorCode.RollbackImpossible, result.Error);
            if (isComplete)
            {
                repository.Put(entry.Manifest, [tag], _model.EndOfGrace);
            }
        }
        else if (expected != current && !repository.Manifests.ContainsKey(expected))
        {
            ExpectError(repository.History.WasRemoved(expected) ? RegistryErrorCode.RollbackImpossible : RegistryErrorCode.ManifestUnknown, result.Error);
        }
        else
        {
            ExpectError(null, result.Error);
            Expect(result.Value == new Rollback(expected, current), $"expected {expected} instead of {current}, got {result.Value}");
            if (expected != current)
            {
                repository.Put(repository.Manifests[expected], [tag], _model.EndOfGrace);
            }
        }
    }

    private async Task ReadHistoryAsync()
    {
        var (name, tag, limit) = (AnyRepository(), Any(_universe.Tags), _random.Next(1, 6));
        Trace($"read the history of {name} {tag}");
        var repository = _model[name];
        var expected = repository.History[tag].Reverse().ToList();
        var isUnknown = expected.Count == 0 && repository.Find(tag) is null;
        var entries = new List<HistoryEntry>();
        while (true)
        {
            var page = await Core.History.ListAsync(name, tag, entries.Count == 0 ? null : entries[^1].Position, limit, OriginDetail.Full);
            ExpectError(isUnknown ? RegistryErrorCode.ManifestUnknown : null, page.Error);
            if (isUnknown)
            {
                return;
            }

            entries.AddRange(page.Value.Entries);
            if (!page.Value.HasMore)
            {
                break;
            }
        }

        ExpectSame(
            expected,
            entries.Select(entry => new ModelTagHistory.Change(entry.Digest, entry.Previous, entry.Time)),
            $"the history of {name} {tag}");
        var at = AnyTime(repository.History[tag]);
        var state = await Core.History.FindStateAsync(name, tag, at, OriginDetail.Full);
        ExpectError(null, state.Error);
        var then = repository.History.FindAt(tag, at, repository.Find(tag));
        Expect(state.Value.Digest == then, $"{name} {tag} was {then} at {at:O}, and is said to have been {state.Value.Digest}");
    }

    // Around a change, at which the answers differ.
    private DateTimeOffset AnyTime(IReadOnlyList<ModelTagHistory.Change> changes) =>
        (changes.Count == 0 || OneIn(5) ? _registry.Now : Any(changes).Time) + TimeSpan.FromMilliseconds(_random.Next(-1, 2));
}
