namespace Registry.Core.Policies.Rules;

/// <summary>Algorithm of a key that verifies signatures.</summary>
public enum SigningKeyKind
{
    /// <summary>ECDSA on P-256, P-384 or P-521.</summary>
    Ecdsa,

    /// <summary>RSA of 2048 bits or more.</summary>
    Rsa,
}
