namespace Registry.Core.Layouts;

/// <summary>An image that cannot be exported, imported or copied. The message is for people, and says what is wrong with what.</summary>
public sealed class LayoutException : Exception
{
    public LayoutException(string message)
        : base(message)
    {
    }

    public LayoutException(string message, Exception inner)
        : base(message, inner)
    {
    }
}
