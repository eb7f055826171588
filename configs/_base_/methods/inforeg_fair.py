# InfoReg in the common recipe. Fair: nothing but the method; tune alpha as
# much as the other methods' options.
method_inforeg = dict(step=dict(type='InfoReg'))
