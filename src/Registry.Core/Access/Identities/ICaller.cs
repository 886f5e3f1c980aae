using Registry.Core.Fairness;

namespace Registry.Core.Access.Identities;

/// <summary>Sender of a request, as far as a check of its credentials must know it. The members are read only when the check has to wait.</summary>
public interface ICaller
{
    /// <summary>Network that shares one turn among the waiting checks.</summary>
    ClientNetwork Network { get; }

    /// <summary>Cancelled when the sender goes away.</summary>
    CancellationToken Aborted { get; }
}
