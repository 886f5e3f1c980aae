using System.Diagnostics.CodeAnalysis;

namespace Registry.Core.Errors;

/// <summary>A value, or the error response to a request. Expected outcomes are values; exceptions are faults.</summary>
public readonly struct Result<T>
{
    private readonly T? _value;

    private Result(T? value, RegistryError? error)
    {
        _value = value;
        Error = error;
    }

    /// <summary>The error; null on success.</summary>
    public RegistryError? Error { get; }

    /// <summary>The value.</summary>
    /// <exception cref="InvalidOperationException">The result is an error.</exception>
    public T Value => Error is null ? _value! : throw new InvalidOperationException($"There is no value but an error: {Error}");

    public static implicit operator Result<T>(T value) => new(value, null);

    public static implicit operator Result<T>(RegistryError error) => new(default, error);

    public static implicit operator Result<T>(RegistryErrorCode code) => new(default, code);

    /// <summary>Returns true with the value, or false with the error.</summary>
    public bool TryGet([MaybeNullWhen(false)] out T value, [NotNullWhen(false)] out RegistryError? error)
    {
        value = _value;
        error = Error;
        return error is null;
    }
}
